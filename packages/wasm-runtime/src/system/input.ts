import type { Ready } from './readiness.ts';

/** Where an input's bytes come from. */
export interface ByteSource {
  /** Up to `into.length` bytes that are there now: their number, 0 at the end, `undefined` when one has to wait. */
  readNow(into: Uint8Array): number | undefined;
  readable(signal?: AbortSignal): Promise<void>;
}

/** A stream of bytes that can be asked whether it has some. */
export interface Input {
  /** As {@link ByteSource.readNow}; nothing is read into an empty view. */
  readNow(into: Uint8Array): number | undefined;
  /** As `readNow`, but the bytes stay; at most 4,096. */
  peekNow(into: Uint8Array): number | undefined;
  /** Bytes that are there now, at least; 0 at the end; `undefined` when one has to wait. */
  available(): number | undefined;
  readonly readable: Ready;
}

/** Bytes taken ahead to answer {@link Input.available}. */
const aheadBytes = 4_096;

export const emptyInput: Input = {
  readNow: () => 0,
  peekNow: () => 0,
  available: () => 0,
  readable: () => Promise.resolve(),
};

export function createInput(source: ByteSource): Input {
  let ahead = new Uint8Array(0);
  let ended = false;

  const pull = (into: Uint8Array): number | undefined => {
    if (ended) return 0;
    const count = source.readNow(into);
    if (count === 0) ended = true;
    return count;
  };

  const available = (): number | undefined => {
    if (ahead.length > 0) return ahead.length;
    const buffer = new Uint8Array(aheadBytes);
    const count = pull(buffer);
    if (count !== undefined) ahead = buffer.subarray(0, count);
    return count;
  };

  return {
    readNow(into) {
      if (into.length === 0) return 0;
      if (ahead.length === 0) return pull(into);
      const taken = ahead.subarray(0, into.length);
      into.set(taken);
      ahead = ahead.subarray(taken.length);
      return taken.length;
    },
    peekNow(into) {
      if (into.length === 0 || available() === undefined) return into.length === 0 ? 0 : undefined;
      const taken = ahead.subarray(0, into.length);
      into.set(taken);
      return taken.length;
    },
    available,
    async readable(signal) {
      if (ahead.length === 0 && !ended) await source.readable(signal);
    },
  };
}
