import type { FileHandle } from 'node:fs/promises';

/** Chunks are gathered to this size, so that a large blob takes few calls. */
const batchBytes = 1024 * 1024;

export type StreamEnd = { readonly kind: 'whole' } | { readonly kind: 'broken'; readonly error: unknown };

/**
 * Writes content to the end of a file: also what came before it broke off. Resolves with how it has ended; rejects
 * when the file cannot be written.
 */
export async function appendStream(
  file: FileHandle,
  content: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<StreamEnd> {
  let batch: Uint8Array[] = [];
  let length = 0;
  let isWritable = true;
  const flush = async (): Promise<void> => {
    const bytes = Buffer.concat(batch, length);
    batch = [];
    length = 0;
    isWritable = false;
    // writeFile goes on where the last one ended, also after a partial write.
    await file.writeFile(bytes);
    isWritable = true;
  };
  let end: StreamEnd = { kind: 'whole' };
  try {
    for await (const chunk of content) {
      signal?.throwIfAborted();
      batch.push(chunk);
      length += chunk.length;
      if (length >= batchBytes) await flush();
    }
  } catch (error) {
    if (!isWritable) throw error;
    end = { kind: 'broken', error };
  }
  if (length > 0) await flush();
  return end;
}
