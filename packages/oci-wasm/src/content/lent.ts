import type { Descriptor } from './descriptor.ts';
import { releaseChunk } from './spare-chunk.ts';
import { isVerified } from './verified.ts';

/**
 * Passes on content whose chunks are needed only until the next one is asked for: their memory is given back then, where
 * nobody else can have kept them.
 */
export async function* lent(
  descriptor: Descriptor,
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const isOurs = isVerified(descriptor, content);
  for await (const chunk of content) {
    yield chunk;
    if (isOurs) releaseChunk(chunk);
  }
}
