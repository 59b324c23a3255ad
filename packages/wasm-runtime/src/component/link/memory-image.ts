/** What a memory holds at some time: what of it is not zero. */
export interface MemoryImage {
  readonly length: number;
  readonly parts: readonly { readonly at: number; readonly bytes: Uint8Array }[];
}

const blockBytes = 4_096;
const zeroes = new Uint8Array(blockBytes);

export function imageOf({ buffer }: WebAssembly.Memory): MemoryImage {
  const bytes = Buffer.from(buffer);
  const { length } = bytes; // of whole pages
  const parts: MemoryImage['parts'][number][] = [];
  let begin: number | undefined;
  for (let at = 0; at <= length; at += blockBytes) {
    const isZero = at === length || bytes.compare(zeroes, 0, blockBytes, at, at + blockBytes) === 0;
    if (!isZero) begin ??= at;
    else if (begin !== undefined) {
      parts.push({ at: begin, bytes: Uint8Array.from(bytes.subarray(begin, at)) });
      begin = undefined;
    }
  }
  return { length, parts };
}

/** Puts it back; `false` where the memory has another length. */
export function restoreMemory({ buffer }: WebAssembly.Memory, { length, parts }: MemoryImage): boolean {
  const bytes = new Uint8Array(buffer);
  if (bytes.length !== length) return false;
  let done = 0;
  for (const { at, bytes: held } of parts) {
    bytes.fill(0, done, at);
    bytes.set(held, at);
    done = at + held.length;
  }
  bytes.fill(0, done);
  return true;
}
