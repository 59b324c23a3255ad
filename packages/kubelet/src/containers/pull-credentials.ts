import type { ObjectReader } from '../cluster/cluster.ts';
import type { Pod } from '../pods/pod.ts';
import type { AbortOptions, RegistryCredential } from '../provider.ts';

export interface PullCredentialsOptions extends AbortOptions {
  readonly pod: Pod;
  readonly objects: Pick<ObjectReader, 'secret'>;
  /** The image as the pod writes it. */
  readonly reference: string;
}

export interface PullCredentials {
  /** Those that match the image, in the order in which they are to be tried. */
  readonly credentials: readonly RegistryCredential[];
  /** Message of a Warning event `FailedToRetrieveImagePullSecret`; the pull goes on without those secrets. */
  readonly warning?: string;
}

/** Finds the credentials of the pod's `imagePullSecrets` that match an image. */
export function pullCredentials(_options: PullCredentialsOptions): Promise<PullCredentials> {
  return Promise.reject(new Error('not implemented'));
}
