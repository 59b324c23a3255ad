import type { V1ConfigMap, V1KeyToPath, V1Secret } from '@kubernetes/client-node';
import type { WatchedKind } from '../cluster/cluster.ts';
import type { ContentReader, ContentSources } from './content.ts';
import type { Payload, PayloadFile } from './payload.ts';
import { VolumeError } from './volume-error.ts';

/** What ConfigMap and Secret volumes and projections have in common. */
export interface KeyedSource {
  readonly kind: WatchedKind;
  readonly name?: string;
  readonly items?: readonly V1KeyToPath[];
  /** @default false */
  readonly optional?: boolean;
}

/** Reads the object's latest state, see {@link keyedFiles}. */
export function keyedReader(
  volume: string,
  source: KeyedSource,
  mode: number,
  { objects }: Pick<ContentSources, 'objects'>,
): ContentReader {
  return async (options) => {
    const object = await objects.get(source.kind, source.name ?? '', options);
    return { payload: keyedFiles(volume, source, object, mode) };
  };
}

/**
 * Files of a ConfigMap or Secret: one per key, or those that `items` names, at its paths. Throws
 * {@link VolumeError} `NOT_FOUND` when the object (`undefined`) or a key is not there and must be.
 */
export function keyedFiles(
  volume: string,
  source: KeyedSource,
  object: V1ConfigMap | V1Secret | undefined,
  mode: number,
): Payload {
  const { kind, name = '', items, optional = false } = source;
  if (object === undefined && !optional) {
    throw new VolumeError('NOT_FOUND', volume, `${kind.toLowerCase()} "${name}" not found`);
  }
  const values = valuesOf(kind, object);
  if (items === undefined || items.length === 0) return withMode(values, mode);

  const files = new Map<string, PayloadFile>();
  for (const item of items) {
    const data = values.get(item.key);
    if (data !== undefined) files.set(item.path, { data, mode: item.mode ?? mode });
    else if (!optional) throw new VolumeError('NOT_FOUND', volume, missingKey(kind, item.key));
  }
  return files;
}

function valuesOf(
  kind: WatchedKind,
  object: V1ConfigMap | V1Secret | undefined,
): ReadonlyMap<string, Uint8Array> {
  const values = new Map<string, Uint8Array>();
  const text = kind === 'configMap' ? 'utf8' : 'base64';
  for (const [key, value] of Object.entries(object?.data ?? {})) values.set(key, Buffer.from(value, text));
  const binary = object !== undefined && 'binaryData' in object ? object.binaryData : undefined;
  for (const [key, value] of Object.entries(binary ?? {})) values.set(key, Buffer.from(value, 'base64'));
  return values;
}

function withMode(values: ReadonlyMap<string, Uint8Array>, mode: number): Payload {
  return new Map([...values].map(([path, data]) => [path, { data, mode }]));
}

function missingKey(kind: WatchedKind, key: string): string {
  return kind === 'configMap'
    ? `configmap references non-existent config key: ${key}`
    : `references non-existent secret key: ${key}`;
}
