import type { V1Volume } from '@kubernetes/client-node';
import type { TokenIssuer } from '../cluster/cluster.ts';
import type { Clock } from '../node/clock.ts';
import type { NodeFacts } from '../node/node-facts.ts';
import type { Pod } from '../pods/pod.ts';
import type { AbortOptions } from '../provider.ts';
import { downwardApiFiles } from './downward-api.ts';
import { keyedReader } from './keyed-files.ts';
import type { Payload } from './payload.ts';
import { defaultFileMode } from './payload.ts';
import type { PodObjects } from './pod-objects.ts';
import { projectedContent } from './projected.ts';

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

/** Volumes whose files come from the cluster or from the pod itself; `undefined` for the other kinds. */
export function contentReader(volume: V1Volume, sources: ContentSources): ContentReader | undefined {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap) {
    const { defaultMode = defaultFileMode, ...source } = configMap;
    return keyedReader(volume.name, { kind: 'configMap', ...source }, defaultMode, sources);
  }
  if (secret) {
    const { defaultMode = defaultFileMode, secretName, ...source } = secret;
    const named = { ...source, ...(secretName === undefined ? {} : { name: secretName }) };
    return keyedReader(volume.name, { kind: 'secret', ...named }, defaultMode, sources);
  }
  if (downwardAPI) {
    const { items = [], defaultMode = defaultFileMode } = downwardAPI;
    return () => {
      const given = { pod: sources.pod(), node: sources.node() };
      return Promise.resolve({ payload: downwardApiFiles(volume.name, items, given, defaultMode) });
    };
  }
  return projected ? projectedContent(volume.name, projected, sources) : undefined;
}
