import process from 'node:process';

/** Fills `into` with bytes from the machine's secure random source. */
export type FillRandom = (into: Uint8Array) => void;

/** Small requests are served from a pool: the call into the source costs more than 100 of them. */
const poolBytes = 16_384;
const largestPooled = 256;
/** Large requests are cut, so that a guest that asks for gigabytes can be ended between two pieces. */
const pieceBytes = 65_536;

export function createRandom(): FillRandom {
  let pool: Uint8Array | undefined;
  let used = poolBytes;

  return (into) => {
    // Loaded when first needed: many guests never ask, and the module costs an idle process memory.
    const { randomFillSync } = process.getBuiltinModule('node:crypto');
    if (into.length > largestPooled) {
      for (let start = 0; start < into.length; start += pieceBytes) {
        randomFillSync(into, start, Math.min(pieceBytes, into.length - start));
      }
      return;
    }
    pool ??= new Uint8Array(poolBytes);
    if (used + into.length > poolBytes) {
      randomFillSync(pool);
      used = 0;
    }
    const end = used + into.length;
    into.set(pool.subarray(used, end));
    pool.fill(0, used, end);
    used = end;
  };
}
