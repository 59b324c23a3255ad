import type { V1Container, V1Service } from '@kubernetes/client-node';
import type { ObjectReader } from '../cluster/cluster.ts';
import type { NodeFacts } from '../node/node-facts.ts';
import type { Pod } from '../pods/pod.ts';
import type { AbortOptions, EnvEntry } from '../provider.ts';

export interface EnvironmentOptions extends AbortOptions {
  readonly pod: Pod;
  readonly container: V1Container;
  readonly objects: Pick<ObjectReader, 'configMap' | 'secret'>;
  readonly node: NodeFacts;
  /** Services of all namespaces. */
  readonly services: readonly V1Service[];
  /** The pod's addresses; the node's are shown while it has none of its own. */
  readonly podIPs: readonly string[];
}

/** Resolves all that a container's environment comes from. */
export function resolveEnvironment(_options: EnvironmentOptions): Promise<readonly EnvEntry[]> {
  return Promise.reject(new Error('not implemented'));
}
