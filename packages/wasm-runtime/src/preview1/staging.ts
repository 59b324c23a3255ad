/** Transfers of several vectors up to this many bytes go through one buffer. */
const stagingBytes = 65_536;

/**
 * One buffer for what a guest spreads over several vectors: a single call of `node:fs` is cheaper than its vectored
 * sibling, and a line in two vectors reaches its sink as one chunk.
 */
export interface Staging {
  /** Room for these vectors, or `undefined` when they are too large. Valid until the next call. */
  room(vectors: readonly Uint8Array[]): Uint8Array | undefined;
  /** The same, filled with their bytes. */
  gather(vectors: readonly Uint8Array[]): Uint8Array | undefined;
  /** Hands the first `count` bytes of the room out to the vectors. */
  scatter(vectors: readonly Uint8Array[], count: number): void;
}

export function createStaging(): Staging {
  let buffer: Uint8Array | undefined;

  function room(vectors: readonly Uint8Array[]): Uint8Array | undefined {
    let total = 0;
    for (const vector of vectors) total += vector.length;
    if (total > stagingBytes) return undefined;
    buffer ??= new Uint8Array(stagingBytes);
    return buffer.subarray(0, total);
  }

  return {
    room,
    gather(vectors) {
      const gathered = room(vectors);
      if (gathered === undefined) return undefined;
      let at = 0;
      for (const vector of vectors) {
        gathered.set(vector, at);
        at += vector.length;
      }
      return gathered;
    },
    scatter(vectors, count) {
      let at = 0;
      for (const vector of vectors) {
        if (at >= count) return;
        const piece = buffer?.subarray(at, Math.min(at + vector.length, count));
        if (piece !== undefined) vector.set(piece);
        at += vector.length;
      }
    },
  };
}
