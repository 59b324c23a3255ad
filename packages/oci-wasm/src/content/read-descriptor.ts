import type { Descriptor, Platform } from './descriptor.ts';
import { isDigest, unknownAlgorithm } from './digest.ts';

/** Reads a descriptor from foreign JSON; `undefined` when it is none. Fields of the wrong kind are left out. */
export function readDescriptor(value: unknown): Descriptor | undefined {
  if (!isRecord(value)) return undefined;
  const { mediaType, digest, size, artifactType, data } = value;
  if (typeof mediaType !== 'string' || typeof digest !== 'string' || !isDigest(digest)) return undefined;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return undefined;
  const annotations = readStrings(value['annotations']);
  const platform = readPlatform(value['platform']);
  return {
    mediaType,
    digest,
    size,
    ...(annotations === undefined ? {} : { annotations }),
    ...(typeof artifactType === 'string' ? { artifactType } : {}),
    ...(typeof data === 'string' ? { data } : {}),
    ...(platform === undefined ? {} : { platform }),
  };
}

/** Why something in a manifest is no descriptor, for messages. */
export function descriptorProblem(value: unknown): string {
  const digest = isRecord(value) ? value['digest'] : undefined;
  const algorithm = typeof digest === 'string' ? unknownAlgorithm(digest) : undefined;
  return algorithm === undefined
    ? 'has an entry without mediaType, digest and size'
    : `has a digest of the algorithm ${algorithm}; sha256 and sha512 are supported`;
}

function readPlatform(value: unknown): Platform | undefined {
  if (!isRecord(value)) return undefined;
  const { os, architecture } = value;
  if (typeof os !== 'string' && typeof architecture !== 'string') return undefined;
  return {
    os: typeof os === 'string' ? os : '',
    architecture: typeof architecture === 'string' ? architecture : '',
  };
}

/** The texts of an object of texts. */
export function readStrings(value: unknown): Readonly<Record<string, string>> | undefined {
  if (!isRecord(value)) return undefined;
  const texts = Object.entries(value).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(texts);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
