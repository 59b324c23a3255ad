import { createHash } from 'node:crypto';
import { OciError, type OciErrorDetails } from '../errors.ts';
import type { Descriptor } from './descriptor.ts';
import { formatHash, parseDigest } from './digest.ts';
import type { Beginning } from './target.ts';

/** Where content comes from, for messages. */
export interface Place extends Pick<OciErrorDetails, 'reference' | 'host'> {
  /** e.g. `registry ghcr.io`. */
  readonly name: string;
  /** What to do when its content is not what was announced. */
  readonly remedy: string;
}

/**
 * Passes content on and throws when it is not what the descriptor says: at once when it is longer, at its end
 * when it is shorter or its digest is another. With a beginning, `source` is what follows on that.
 */
export function verified(
  descriptor: Descriptor,
  source: AsyncIterable<Uint8Array>,
  place: Place,
  beginning?: Beginning,
): AsyncGenerator<Uint8Array, void, undefined> {
  return markVerified(descriptor, verify(descriptor, source, place, beginning));
}

const verifiedAs = Symbol('verified as');

/**
 * Notes on a stream that it throws unless it is what the descriptor says, because it passes on one that does, so that
 * whoever stores it need not hash it a second time. Others cannot make such a note.
 */
export function markVerified<T extends AsyncIterable<Uint8Array>>({ digest }: Descriptor, content: T): T {
  return Object.defineProperty(content, verifiedAs, { value: digest });
}

export function isVerified({ digest }: Descriptor, content: AsyncIterable<Uint8Array>): boolean {
  return verifiedAs in content && content[verifiedAs] === digest;
}

async function* verify(
  { digest, size }: Descriptor,
  source: AsyncIterable<Uint8Array>,
  { name, remedy, ...details }: Place,
  beginning: Beginning | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { algorithm } = parseDigest(digest);
  const hash = beginning?.hash.copy() ?? createHash(algorithm);
  let length = beginning?.length ?? 0;
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

/** All of a stream's bytes, up to a limit, in memory of their own: none of the chunks is kept. */
export async function collect(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
  tooLarge: () => OciError,
): Promise<Uint8Array<ArrayBuffer>> {
  let memory = new ArrayBuffer(0);
  let length = 0;
  for await (const chunk of source) {
    const needed = length + chunk.length;
    if (needed > maxBytes) throw tooLarge();
    if (needed > memory.byteLength)
      memory = memory.transfer(Math.min(maxBytes, Math.max(needed, 2 * length)));
    new Uint8Array(memory).set(chunk, length);
    length = needed;
  }
  return Buffer.from(memory, 0, length);
}
