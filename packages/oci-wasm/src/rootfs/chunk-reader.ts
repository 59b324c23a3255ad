import { OciError } from '../errors.ts';

/** Reads a stream in pieces of the reader's choice. */
export interface ChunkReader {
  /** So many bytes; `undefined` at the end. Rejects with {@link OciError} `INVALID_LAYER` when it ends in between. */
  take(count: number): Promise<Uint8Array | undefined>;
  /** Passes over so many bytes, and gives the first `keep` of them. */
  pass(count: number, keep: number): Promise<Uint8Array>;
  /** Passes over the rest. */
  drain(): Promise<void>;
}

export function createChunkReader(source: AsyncIterator<Uint8Array>): ChunkReader {
  let chunk: Uint8Array = new Uint8Array();

  /** Whether there is a byte; the next chunk where the last one is used up. */
  const fill = async (): Promise<boolean> => {
    while (chunk.length === 0) {
      const next = await source.next();
      if (next.done === true) return false;
      chunk = next.value;
    }
    return true;
  };

  const pass = async (count: number, keep: number): Promise<Uint8Array> => {
    const kept: Uint8Array[] = [];
    let keeping = Math.min(keep, count);
    for (let left = count; left > 0; ) {
      if (!(await fill())) throw truncated();
      const piece = chunk.subarray(0, left);
      if (keeping > 0) {
        // A copy: the chunk that it is of may be far larger.
        kept.push(Buffer.from(piece.subarray(0, keeping)));
        keeping -= Math.min(keeping, piece.length);
      }
      chunk = chunk.subarray(piece.length);
      left -= piece.length;
    }
    return kept.length === 1 && kept[0] !== undefined ? kept[0] : Buffer.concat(kept);
  };

  return {
    pass,
    async take(count) {
      return (await fill()) ? pass(count, count) : undefined;
    },
    async drain() {
      while (await fill()) chunk = new Uint8Array();
    },
  };
}

function truncated(): OciError {
  return new OciError('INVALID_LAYER', 'a file system layer ends in the middle of an entry');
}
