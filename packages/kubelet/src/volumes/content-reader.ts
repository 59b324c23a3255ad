import type { V1Volume } from '@kubernetes/client-node';
import type { ContentReader, ContentSources } from './content.ts';
import { downwardApiFiles } from './downward-api.ts';
import { keyedReader } from './keyed-files.ts';
import { defaultFileMode } from './payload.ts';
import { projectedContent } from './projected.ts';

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
