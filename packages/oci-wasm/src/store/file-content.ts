import type { FileHandle } from 'node:fs/promises';
import { markSpare } from '../content/spare-chunk.ts';

const chunkBytes = 256 * 1024;

export interface FileContentOptions {
  readonly start: number;
  /** As large as the file should be: buffers are made for that. What follows is read as well, byte by byte. */
  readonly expectedBytes: number;
  readonly signal: AbortSignal | undefined;
}

/** What a file holds from an offset on, in chunks whose memory nobody else uses. */
export async function* fileContent(
  file: FileHandle,
  { start, expectedBytes, signal }: FileContentOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let position = start; ; ) {
    signal?.throwIfAborted();
    const length = Math.min(chunkBytes, Math.max(1, expectedBytes - position));
    const buffer = Buffer.allocUnsafeSlow(length);
    const { bytesRead } = await file.read(buffer, 0, length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield markSpare(bytesRead === length ? buffer : buffer.subarray(0, bytesRead));
  }
}
