const spare = Symbol('spare');

/**
 * Notes on a chunk, just read, that nobody else uses its memory: whoever has taken its bytes may give that back with
 * {@link releaseChunk}. Parts of it do not bear the note, and a chunk that is part of some memory gets it only where that
 * is the end of what has been made for such chunks, `memoryBytes` large.
 */
export function markSpare<T extends Uint8Array>(chunk: T, memoryBytes = chunk.byteLength): T {
  const isEnd = chunk.byteOffset + chunk.byteLength === memoryBytes;
  if (!isEnd || chunk.buffer.byteLength !== memoryBytes) return chunk;
  return Object.defineProperty(chunk, spare, { value: true });
}

/**
 * Gives back the memory of a chunk at once, where it is known to be spare: a download makes more of them in a second
 * than the garbage collector takes for a reason to run.
 */
export function releaseChunk(chunk: Uint8Array): void {
  if (spare in chunk && chunk.buffer instanceof ArrayBuffer) chunk.buffer.transfer(0);
}
