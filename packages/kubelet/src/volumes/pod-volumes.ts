import type { V1Container } from '@kubernetes/client-node';
import type { ObjectReader, TokenIssuer } from '../cluster/cluster.ts';
import type { Clock } from '../node/clock.ts';
import type { Logger } from '../node/logger.ts';
import type { NodeFacts } from '../node/node-facts.ts';
import type { Pod } from '../pods/pod.ts';
import type { AbortOptions, ContainerMount } from '../provider.ts';

export interface PodVolumesOptions {
  /** Absolute path; volumes live in its `pods/<uid>/volumes/`. */
  readonly dataDirectory: string;
  readonly objects: ObjectReader;
  readonly tokens: TokenIssuer;
  /** Read whenever it is needed, so that it may change. */
  readonly node: () => NodeFacts;
  /** Directories that hostPath volumes may name, with what is below them. @default `['/']` */
  readonly allowedHostPaths?: readonly string[];
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** @default silent */
  readonly logger?: Logger;
}

export interface PodVolumes {
  /**
   * Sets up the volumes that the pod's containers use. Repeating it for the same pod, also after a restart
   * of the daemon, finds what is there. Rejects with {@link VolumeError}; nothing goes on in the background then.
   */
  mount(pod: Pod, options?: AbortOptions): Promise<MountedVolumes>;
}

/**
 * The volumes of one pod, kept up to date with their objects. Disposing ends that and leaves the files, so
 * that a restarted daemon finds an emptyDir as it was; {@link MountedVolumes.remove} is for the pod's end.
 */
export interface MountedVolumes extends AsyncDisposable {
  /**
   * Mounts of one run of a container. Call it for each run: subPath mounts are resolved anew.
   * Rejects with `ConfigError`.
   *
   * @param expand expands `$(NAME)` for subPathExpr with the container's environment
   */
  containerMounts(
    container: V1Container,
    expand: (text: string) => string,
  ): Promise<readonly ContainerMount[]>;
  /** Tells downward API volumes about new labels and annotations. */
  podChanged(pod: Pod): void;
  /** Ends the updates and deletes the pod's volumes with what is in them. Idempotent. */
  remove(): Promise<void>;
}

export function createPodVolumes(_options: PodVolumesOptions): PodVolumes {
  throw new Error('not implemented');
}
