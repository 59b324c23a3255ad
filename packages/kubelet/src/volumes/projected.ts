import type {
  V1ProjectedVolumeSource,
  V1ServiceAccountTokenProjection,
  V1VolumeProjection,
} from '@kubernetes/client-node';
import type { Pod } from '../pods/pod.ts';
import type { Content, ContentReader, ContentSources } from './content.ts';
import { downwardApiFiles } from './downward-api.ts';
import { keyedReader } from './keyed-files.ts';
import type { Payload, PayloadFile } from './payload.ts';
import { checkSize, defaultFileMode } from './payload.ts';
import type { TokenSource } from './service-account-token.ts';
import { createTokenSource } from './service-account-token.ts';
import { VolumeError } from './volume-error.ts';

/** Secrets, ConfigMaps, downward API and service-account tokens in one volume; a later source wins a path. */
export function projectedContent(
  volume: string,
  { sources: projections = [], defaultMode = defaultFileMode }: V1ProjectedVolumeSource,
  sources: ContentSources,
): ContentReader {
  const readers = projections.map((projection) => projectionReader(volume, projection, defaultMode, sources));

  return async (options) => {
    const payload = new Map<string, PayloadFile>();
    let due: Date | undefined;
    for (const reader of readers) {
      const content = await reader(options);
      for (const [path, file] of content.payload) payload.set(path, file);
      // Before the next source is held in memory as well.
      checkSize(volume, payload);
      if (content.due !== undefined && (due === undefined || content.due < due)) due = content.due;
    }
    return { payload, ...(due === undefined ? {} : { due }) };
  };
}

function projectionReader(
  volume: string,
  projection: V1VolumeProjection,
  mode: number,
  sources: ContentSources,
): ContentReader {
  const { configMap, secret, downwardAPI, serviceAccountToken } = projection;
  if (configMap) return keyedReader(volume, { kind: 'configMap', ...configMap }, mode, sources);
  if (secret) return keyedReader(volume, { kind: 'secret', ...secret }, mode, sources);
  if (downwardAPI) {
    return () => {
      const given = { pod: sources.pod(), node: sources.node() };
      return Promise.resolve({ payload: downwardApiFiles(volume, downwardAPI.items ?? [], given, mode) });
    };
  }
  if (serviceAccountToken) return tokenReader(volume, serviceAccountToken, mode, sources);
  const kind = Object.keys(projection)[0] ?? 'nothing';
  return () =>
    Promise.reject(
      new VolumeError('UNSUPPORTED', volume, `projections of kind ${kind} are not supported on this node`),
    );
}

function tokenReader(
  volume: string,
  projection: V1ServiceAccountTokenProjection,
  defaultMode: number,
  sources: ContentSources,
): ContentReader {
  const { tokens, clock, random } = sources;
  let source: TokenSource | undefined;
  return async (options): Promise<Content> => {
    const pod = sources.pod();
    source ??= createTokenSource({ tokens, pod, projection, clock, random });
    const { token, due } = await source.current(options);
    const mode = tokenMode(pod, defaultMode);
    const payload: Payload = new Map([[checkedPath(volume, projection), { data: Buffer.from(token), mode }]]);
    return { payload, due };
  };
}

function checkedPath(volume: string, { path }: V1ServiceAccountTokenProjection): string {
  if (!path) throw new VolumeError('INVALID', volume, 'serviceAccountToken needs a path');
  return path;
}

/** Upstream: where the pod says whose the token is to be, nobody else may read it. */
function tokenMode({ spec }: Pod, defaultMode: number): number {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  const hasUser =
    spec.securityContext?.fsGroup !== undefined ||
    spec.securityContext?.runAsUser !== undefined ||
    containers.every(({ securityContext }) => securityContext?.runAsUser !== undefined);
  return hasUser ? 0o600 : defaultMode;
}
