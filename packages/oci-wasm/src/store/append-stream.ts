import type { FileHandle } from 'node:fs/promises';
import { markSpare, releaseChunk } from '../content/spare-chunk.ts';

/** Chunks are gathered to this size, so that a large blob takes few calls. */
const batchBytes = 1024 * 1024;

export type StreamEnd = { readonly kind: 'whole' } | { readonly kind: 'broken'; readonly error: unknown };

export interface AppendOptions {
  /** What a batch need not be larger than. */
  readonly expectedBytes: number;
  /** Whether nobody else can have kept chunks that are passed on: then spare memory of theirs is given back. */
  readonly isOurs: boolean;
  readonly signal: AbortSignal | undefined;
}

/**
 * Writes content to the end of a file: also what came before it broke off. Resolves with how it has ended; rejects
 * when the file cannot be written.
 */
export async function appendStream(
  file: FileHandle,
  content: AsyncIterable<Uint8Array>,
  { expectedBytes, isOurs, signal }: AppendOptions,
): Promise<StreamEnd> {
  const batch = markSpare(Buffer.allocUnsafeSlow(Math.min(batchBytes, Math.max(1, expectedBytes))));
  let length = 0;
  let isWritable = true;
  const flush = async (bytes: Uint8Array): Promise<void> => {
    isWritable = false;
    // writeFile goes on where the last one ended, also after a partial write.
    await file.writeFile(bytes);
    isWritable = true;
  };
  /** Copied, so that chunks are gone before there are many of them. */
  const take = async (chunk: Uint8Array): Promise<void> => {
    for (let from = 0; from < chunk.length; ) {
      const part = chunk.subarray(from, from + batch.length - length);
      batch.set(part, length);
      length += part.length;
      from += part.length;
      if (length < batch.length) return;
      await flush(batch);
      length = 0;
    }
  };
  let end: StreamEnd = { kind: 'whole' };
  try {
    for await (const chunk of content) {
      signal?.throwIfAborted();
      await take(chunk);
      if (isOurs) releaseChunk(chunk);
    }
  } catch (error) {
    if (!isWritable) throw error;
    end = { kind: 'broken', error };
  }
  if (length > 0) await flush(batch.subarray(0, length));
  releaseChunk(batch);
  return end;
}
