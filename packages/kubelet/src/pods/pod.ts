import type { V1ObjectMeta, V1Pod, V1PodSpec } from '@kubernetes/client-node';
import type { PodIdentity } from '../provider.ts';

/**
 * A pod as it comes from the API, narrowed once at the border: what the kubelet needs is there.
 * Objects are the JSON of the wire (dates are strings, unknown fields are kept) and are never changed.
 */
export type Pod = Omit<V1Pod, 'metadata' | 'spec'> & {
  readonly metadata: V1ObjectMeta & {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
  };
  readonly spec: V1PodSpec;
};

/** Narrows a JSON object to {@link Pod}; `undefined` when name, namespace, uid or spec are missing. */
export function parsePod(value: unknown): Pod | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { metadata, spec } = value as V1Pod;
  if (!metadata?.name || !metadata.namespace || !metadata.uid || !spec || !Array.isArray(spec.containers)) {
    return undefined;
  }
  return value as Pod;
}

export function podIdentity(pod: Pod): PodIdentity {
  const { namespace, name, uid } = pod.metadata;
  return { namespace, name, uid };
}

/** Whether `next` is a later state of the same object; resource versions are decimal numbers that grow. */
export function isNewer(next: Pod, known: Pod): boolean {
  const [after, before] = [next.metadata.resourceVersion, known.metadata.resourceVersion];
  if (after === undefined || before === undefined) return true;
  return /^\d+$/.test(after) && /^\d+$/.test(before) ? BigInt(after) > BigInt(before) : after !== before;
}
