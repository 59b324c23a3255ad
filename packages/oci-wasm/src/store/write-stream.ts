import { open } from 'node:fs/promises';

/** Chunks are gathered to this size, so that a large blob takes few calls. */
const batchBytes = 1024 * 1024;

/** Writes a new file and makes it last. The file is left behind when this fails. */
export async function writeStream(
  path: string,
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    let batch: Uint8Array[] = [];
    let length = 0;
    const flush = async (): Promise<void> => {
      const bytes = Buffer.concat(batch, length);
      batch = [];
      length = 0;
      // writeFile goes on where the last one ended, also after a partial write.
      await file.writeFile(bytes);
    };
    for await (const chunk of source) {
      signal?.throwIfAborted();
      batch.push(chunk);
      length += chunk.length;
      if (length >= batchBytes) await flush();
    }
    if (length > 0) await flush();
    await file.sync();
  } finally {
    await file.close();
  }
}
