import { randomUUID } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Descriptor } from '../content/descriptor.ts';
import { parseDigest } from '../content/digest.ts';
import { verified } from '../content/verified.ts';
import { abortable } from '../content/abortable.ts';
import { OciError, type OciErrorCode } from '../errors.ts';
import { syncDirectory } from './replace-file.ts';
import { storeError } from './store-error.ts';
import { writeStream } from './write-stream.ts';

/** The blobs of a layout, each in a file that has all of its content or does not exist. */
export interface BlobFiles {
  read(descriptor: Descriptor, signal: AbortSignal | undefined): AsyncIterable<Uint8Array>;
  /** Reads through a blob when it is first asked for, and again when its file has changed; one that is damaged is removed. */
  has(descriptor: Descriptor, signal: AbortSignal | undefined): Promise<boolean>;
  /** Calls for the same blob share the work of the first. */
  write(
    descriptor: Descriptor,
    open: () => AsyncIterable<Uint8Array>,
    signal: AbortSignal | undefined,
  ): Promise<void>;
  /** Removes what processes have left that ended in the middle of a write. */
  sweep(): Promise<void>;
}

/** Blobs that need not be read through again; beyond that they are. */
const maxRemembered = 10_000;
const readChunkBytes = 256 * 1024;
/** A write that has not moved for so long has been left behind. */
const abandonedMs = 24 * 3_600_000;

export function createBlobFiles(root: string): BlobFiles {
  const incoming = join(root, 'incoming');
  /** File states whose content has been verified, by digest. */
  const whole = new Map<string, string>();
  const writing = new Map<string, Promise<void>>();
  const pathOf = (digest: string): string => {
    const { algorithm, hex } = parseDigest(digest);
    return join(root, 'blobs', algorithm, hex);
  };

  const place = { name: `store ${root}`, remedy: 'pull it again' };

  async function* read(descriptor: Descriptor, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    const stream = createReadStream(pathOf(descriptor.digest), {
      highWaterMark: readChunkBytes,
      ...(signal === undefined ? {} : { signal }),
    });
    try {
      yield* verified(descriptor, stream, place);
    } catch (error) {
      signal?.throwIfAborted();
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw absent(descriptor, root, error);
      throw storeError(error, root);
    } finally {
      stream.destroy();
    }
  }

  const isWhole = async (descriptor: Descriptor, signal: AbortSignal | undefined): Promise<boolean> => {
    const { digest, size } = descriptor;
    const path = pathOf(digest);
    const stats = await stat(path).catch(() => undefined);
    if (stats === undefined) return false;
    const state = stateOf(stats);
    if (stats.size === size && whole.get(digest) === state) return true;
    try {
      for await (const _chunk of read(descriptor, signal)) signal?.throwIfAborted();
    } catch (error) {
      if (!(error instanceof OciError) || !damages.includes(error.code)) throw error;
      whole.delete(digest);
      await rm(path, { force: true });
      return false;
    }
    await remember(digest, path);
    return true;
  };

  const remember = async (digest: string, path: string): Promise<void> => {
    if (whole.size >= maxRemembered) whole.clear();
    whole.set(digest, stateOf(await stat(path)));
  };

  const fill = async (
    descriptor: Descriptor,
    source: () => AsyncIterable<Uint8Array>,
    signal: AbortSignal | undefined,
  ): Promise<void> => {
    if (await isWhole(descriptor, signal)) return;
    const path = pathOf(descriptor.digest);
    const temporary = join(incoming, randomUUID());
    try {
      await mkdir(incoming, { recursive: true, mode: 0o700 });
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeStream(temporary, verified(descriptor, source(), place), signal);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncDirectory(dirname(path));
    await remember(descriptor.digest, path);
  };

  return {
    read,
    async has(descriptor, signal) {
      try {
        return await isWhole(descriptor, signal);
      } catch (error) {
        throw storeError(error, root);
      }
    },
    async write(descriptor, source, signal) {
      const { digest } = descriptor;
      // Whoever waits goes on by itself when the first one fails or gives up.
      for (let other = writing.get(digest); other !== undefined; other = writing.get(digest)) {
        await settled(other, signal);
      }
      const mine = fill(descriptor, source, signal);
      writing.set(digest, mine);
      try {
        await mine;
      } catch (error) {
        throw storeError(error, root);
      } finally {
        writing.delete(digest);
      }
    },
    async sweep() {
      const names = await readdir(incoming).catch(() => []);
      for (const name of names) {
        const path = join(incoming, name);
        const stats = await stat(path).catch(() => undefined);
        if (stats !== undefined && Date.now() - stats.mtimeMs > abandonedMs) await rm(path, { force: true });
      }
    },
  };
}

/** What `has` takes for damage: content is there, and it is not the right one. */
const damages: readonly OciErrorCode[] = ['DIGEST_MISMATCH', 'SIZE_MISMATCH', 'TRUNCATED'];

function stateOf({ ino, size, mtimeMs }: Stats): string {
  return `${ino} ${size} ${mtimeMs}`;
}

/** Waits for somebody else's work, whatever comes of it. */
async function settled(work: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  await abortable(
    work.catch(() => {}),
    signal,
  );
}

function absent({ digest }: Descriptor, root: string, cause: unknown): OciError {
  return new OciError('NOT_FOUND_LOCALLY', `${digest} is not in the store ${root}; pull it first`, { cause });
}
