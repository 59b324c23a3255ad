import type { Descriptor } from '../../content/descriptor.ts';
import { releaseChunk } from '../../content/spare-chunk.ts';
import { isVerified } from '../../content/verified.ts';
import { OciError } from '../../errors.ts';
import type { SendBuffers } from './send-buffers.ts';

/** Reads content that can be opened again, part by part, for requests each of which carries one of them. */
export interface SourceCursor extends AsyncDisposable {
  /** Bytes from an offset on: goes on where the last part ended, or opens the source again and skips to it. */
  part(offset: number, length: number): AsyncGenerator<Uint8Array, void, undefined>;
  /** Why the source could not be read: then it is not the registry that has failed. */
  readonly failure: Error | undefined;
}

interface Reading {
  readonly chunks: AsyncIterator<Uint8Array>;
  /** What was read last. */
  chunk: Uint8Array;
  /** The part of it that has not been passed on yet. */
  rest: Uint8Array;
  /** Offset of `rest`. */
  position: number;
  /** While a chunk is being waited for: a part that has been given up may still do so. */
  isBusy: boolean;
}

const none = new Uint8Array();

export function createSourceCursor(
  open: () => AsyncIterable<Uint8Array>,
  descriptor: Descriptor,
  buffers: Pick<SendBuffers, 'copy'>,
): SourceCursor {
  const { digest, size } = descriptor;
  let opened: AsyncIterable<Uint8Array> | undefined;
  let reading: Reading | undefined;
  let failure: Error | undefined;

  const close = (): void => {
    // It may be in the middle of a read, which nobody needs to wait for.
    void reading?.chunks.return?.()?.catch(() => {});
    reading = undefined;
  };

  const readingAt = (offset: number): Reading => {
    if (reading && !reading.isBusy && reading.position <= offset) return reading;
    close();
    const source = open();
    if (source === opened) {
      throw new OciError(
        'TRUNCATED',
        `the source of ${digest} can be read only once; it cannot be sent again`,
      );
    }
    opened = source;
    reading = { chunks: source[Symbol.asyncIterator](), chunk: none, rest: none, position: 0, isBusy: false };
    return reading;
  };

  const fill = async (current: Reading): Promise<void> => {
    while (current.rest.length === 0) {
      current.isBusy = true;
      const { done, value } = await current.chunks.next();
      current.isBusy = false;
      if (done === true) {
        const problem = `ended after ${current.position} of ${size} bytes`;
        throw new OciError('TRUNCATED', `the source of ${digest} ${problem}; nothing was stored`);
      }
      current.chunk = value;
      current.rest = value;
    }
  };

  /** What a request throws into its body when it fails is no failure of the source. */
  const fromSource = async <T>(read: () => T | Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      failure ??= error instanceof Error ? error : new Error(String(error));
      throw error;
    }
  };

  const skip = (current: Reading, length: number): void => {
    current.rest = current.rest.subarray(length);
    current.position += length;
    if (current.rest.length === 0 && opened && isVerified(descriptor, opened)) releaseChunk(current.chunk);
  };

  const take = (current: Reading, most: number): Uint8Array => {
    const taken = buffers.copy(current.rest.subarray(0, most));
    skip(current, taken.length);
    return taken;
  };

  return {
    get failure() {
      return failure;
    },
    async *part(offset, length) {
      const end = offset + length;
      const current = await fromSource(() => readingAt(offset));
      while (current.position < end) {
        await fromSource(() => fill(current));
        const ahead = offset - current.position;
        if (ahead > 0) skip(current, Math.min(ahead, current.rest.length));
        else yield take(current, end - current.position);
      }
    },
    async [Symbol.asyncDispose]() {
      close();
    },
  };
}
