import type { Stats } from 'node:fs';
import { type FileHandle, open, rename, rm, stat, utimes } from 'node:fs/promises';
import { abortable } from '../content/abortable.ts';
import type { Descriptor } from '../content/descriptor.ts';
import type { Beginning, WriteOptions } from '../content/target.ts';
import { releaseChunk } from '../content/spare-chunk.ts';
import { verified } from '../content/verified.ts';
import { OciError, type OciErrorCode } from '../errors.ts';
import { blobPath, removedPath } from './blob-paths.ts';
import { fileContent } from './file-content.ts';
import { receiveBlob } from './receive-blob.ts';
import { storeError } from './store-error.ts';

/** The blobs of a layout, each in a file that has all of its content or does not exist. */
export interface BlobFiles {
  /** All of a blob, or what follows on its beginning. */
  read(
    descriptor: Descriptor,
    signal: AbortSignal | undefined,
    beginning?: Beginning,
  ): AsyncIterable<Uint8Array>;
  /** Reads through a blob when it is first asked for, and again when its file has changed; one that is damaged is removed. */
  has(descriptor: Descriptor, signal: AbortSignal | undefined): Promise<boolean>;
  /** Calls for the same blob share the work of the first. */
  write(descriptor: Descriptor, open: () => AsyncIterable<Uint8Array>, options: WriteOptions): Promise<void>;
}

/** Blobs that need not be read through again; beyond that they are. */
const maxRemembered = 10_000;
/** When a blob was last used is noted to about so much. */
const usePrecisionMs = 10_000;

export function createBlobFiles(root: string): BlobFiles {
  /** File states whose content has been verified, by digest. */
  const whole = new Map<string, string>();
  const writing = new Map<string, Promise<void>>();
  const place = { name: `store ${root}`, remedy: 'pull it again' };

  async function* read(
    descriptor: Descriptor,
    signal: AbortSignal | undefined,
    beginning?: Beginning,
  ): AsyncGenerator<Uint8Array> {
    const { digest } = descriptor;
    let file: FileHandle | undefined;
    try {
      file = await present(root, digest, (path) => open(path, 'r'));
      if (file === undefined) throw absent(descriptor, root);
      await noteUse(digest, blobPath(root, digest), await file.stat());
      const content = fileContent(file, {
        start: beginning?.length ?? 0,
        expectedBytes: descriptor.size,
        signal,
      });
      yield* verified(descriptor, content, place, beginning);
    } catch (error) {
      signal?.throwIfAborted();
      throw storeError(error, root);
    } finally {
      await file?.close();
    }
  }

  /** The time of access says when a blob was last used; file systems keep it only now and then by themselves. */
  const noteUse = async (digest: string, path: string, stats: Stats): Promise<void> => {
    if (Date.now() - lastUseOf(stats) < usePrecisionMs) return;
    try {
      // Whole seconds are kept exactly: the state stays the same the next time.
      await utimes(path, Date.now() / 1000, Math.floor(stats.mtimeMs / 1000));
      if (whole.get(digest) === stateOf(stats)) await remember(digest, path);
    } catch {
      // Another's file, or a disk that cannot be written: then the blob is as old as it looks.
    }
  };

  const isWhole = async (descriptor: Descriptor, signal: AbortSignal | undefined): Promise<boolean> => {
    const { digest, size } = descriptor;
    const path = blobPath(root, digest);
    const stats = await present(root, digest, (file) => stat(file));
    if (stats === undefined) return false;
    if (stats.size === size && whole.get(digest) === stateOf(stats)) {
      await noteUse(digest, path, stats);
      return true;
    }
    try {
      for await (const chunk of read(descriptor, signal)) releaseChunk(chunk);
    } catch (error) {
      if (!(error instanceof OciError)) throw error;
      if (error.code === 'NOT_FOUND_LOCALLY') return false;
      if (!damages.includes(error.code)) throw error;
      whole.delete(digest);
      await rm(path, { force: true });
      return false;
    }
    await remember(digest, path);
    return true;
  };

  const remember = async (digest: string, path: string): Promise<void> => {
    const stats = await stat(path).catch(() => undefined);
    if (stats === undefined) return;
    if (whole.size >= maxRemembered) whole.clear();
    whole.set(digest, stateOf(stats));
  };

  const fill = async (
    descriptor: Descriptor,
    source: () => AsyncIterable<Uint8Array>,
    { signal, resume }: WriteOptions,
  ): Promise<void> => {
    if (await isWhole(descriptor, signal)) return;
    await receiveBlob({
      root,
      descriptor,
      place,
      open: source,
      ...(resume && { resume }),
      ...(signal && { signal }),
    });
    await remember(descriptor.digest, blobPath(root, descriptor.digest));
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
    async write(descriptor, source, options) {
      const { digest } = descriptor;
      // Whoever waits goes on by itself when the first one fails or gives up.
      for (let other = writing.get(digest); other !== undefined; other = writing.get(digest)) {
        await settled(other, options.signal);
      }
      const mine = fill(descriptor, source, options);
      writing.set(digest, mine);
      try {
        await mine;
      } catch (error) {
        throw storeError(error, root);
      } finally {
        writing.delete(digest);
      }
    },
  };
}

/** What `has` takes for damage: content is there, and it is not the right one. */
const damages: readonly OciErrorCode[] = ['DIGEST_MISMATCH', 'SIZE_MISMATCH', 'TRUNCATED'];

/** Looks at a blob where it belongs, and puts it back there when it is about to be removed: now it is used. */
async function present<T>(
  root: string,
  digest: string,
  look: (path: string) => Promise<T>,
): Promise<T | undefined> {
  const path = blobPath(root, digest);
  const found = await look(path).catch(unlessAbsent);
  if (found !== undefined) return found;
  await rename(removedPath(root, digest), path).catch(unlessAbsent);
  return look(path).catch(unlessAbsent);
}

function unlessAbsent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

/** In milliseconds since 1970: when it was written or last used. */
export function lastUseOf({ atimeMs, mtimeMs }: Pick<Stats, 'atimeMs' | 'mtimeMs'>): number {
  return Math.max(atimeMs, mtimeMs);
}

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

function absent({ digest }: Descriptor, root: string): OciError {
  return new OciError('NOT_FOUND_LOCALLY', `${digest} is not in the store ${root}; pull it first`);
}
