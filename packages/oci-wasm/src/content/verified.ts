import { createHash } from 'node:crypto';
import { OciError, type OciErrorDetails } from '../errors.ts';
import type { Descriptor } from './descriptor.ts';
import { formatHash, parseDigest } from './digest.ts';

/** Where content comes from, for messages. */
export interface Place extends Pick<OciErrorDetails, 'reference' | 'host'> {
  /** e.g. `registry ghcr.io`. */
  readonly name: string;
  /** What to do when its content is not what was announced. */
  readonly remedy: string;
}

/**
 * Passes content on and throws when it is not what the descriptor says: at once when it is longer, at its end
 * when it is shorter or its digest is another.
 */
export async function* verified(
  descriptor: Descriptor,
  source: AsyncIterable<Uint8Array>,
  { name, remedy, ...details }: Place,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { digest, size } = descriptor;
  const { algorithm } = parseDigest(digest);
  const hash = createHash(algorithm);
  let length = 0;
  for await (const chunk of source) {
    length += chunk.length;
    if (length > size) {
      throw new OciError(
        'SIZE_MISMATCH',
        `${name}: ${digest} is longer than the ${size} bytes announced; ${remedy}`,
        details,
      );
    }
    hash.update(chunk);
    yield chunk;
  }
  if (length < size) {
    throw new OciError(
      'TRUNCATED',
      `${name}: ${digest} ended after ${length} of ${size} bytes; ${remedy}`,
      details,
    );
  }
  const actual = formatHash(hash, algorithm);
  if (actual !== digest) {
    throw new OciError(
      'DIGEST_MISMATCH',
      `${name}: content announced as ${digest} is ${actual}; ${remedy}`,
      details,
    );
  }
}

/** All of a stream's bytes, up to a limit. */
export async function collect(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
  tooLarge: () => OciError,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of source) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}
