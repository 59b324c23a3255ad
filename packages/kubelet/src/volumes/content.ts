import type { TokenIssuer } from '../cluster/cluster.ts';
import type { Clock } from '../node/clock.ts';
import type { NodeFacts } from '../node/node-facts.ts';
import type { Pod } from '../pods/pod.ts';
import type { AbortOptions } from '../provider.ts';
import type { Payload } from './payload.ts';
import type { PodObjects } from './pod-objects.ts';

/** What the files of a volume come from. */
export interface ContentSources {
  /** Its latest state. */
  readonly pod: () => Pod;
  readonly node: () => NodeFacts;
  readonly objects: PodObjects;
  readonly tokens: TokenIssuer;
  readonly clock: Clock;
  readonly random: () => number;
}

export interface Content {
  readonly payload: Payload;
  /** When it has to be read again, even if nothing has changed. */
  readonly due?: Date;
}

/** Reads what a volume is to contain now. Rejects with `VolumeError` or `ClusterError`. */
export type ContentReader = (options: AbortOptions) => Promise<Content>;
