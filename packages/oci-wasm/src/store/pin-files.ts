import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDigest } from '../content/digest.ts';
import { isRecord, readStrings } from '../content/read-descriptor.ts';
import { OciError } from '../errors.ts';
import { makeDirectory } from './make-directory.ts';
import { replaceFile } from './replace-file.ts';
import { storeError } from './store-error.ts';

/** Content that is kept, with all that it leads to, until the pin is taken out: also over restarts. */
export interface Pin {
  /** Whatever tells it from others. */
  readonly id: string;
  readonly digest: string;
  /** Why and for whom; nothing is made of it. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly createdAt: Date;
}

/** `pins/`, a file for each. */
export interface PinFiles {
  /** Puts a pin in the place of any with the same id. */
  set(pin: Pin): Promise<void>;
  /** Resolves with false when there is none. */
  remove(id: string): Promise<boolean>;
  /** Rejects with `STORE_FAILED` when one cannot be read: what it keeps is not known. */
  list(): Promise<readonly Pin[]>;
}

const maxPinBytes = 64 * 1024;

export function createPinFiles(root: string): PinFiles {
  const directory = join(root, 'pins');
  // Ids are of any characters and length; file names are not.
  const pathOf = (id: string): string =>
    join(directory, `${createHash('sha256').update(id).digest('hex')}.json`);
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw storeError(error, root);
    }
  };

  return {
    set: ({ id, digest, metadata, createdAt }) =>
      guarded(async () => {
        const text = `${JSON.stringify({ id, digest, metadata, createdAt })}\n`;
        if (text.length > maxPinBytes) {
          throw new OciError('TOO_LARGE', `the metadata of pin ${id.slice(0, 80)} is larger than 64 KiB`);
        }
        await makeDirectory(directory);
        await replaceFile(pathOf(id), text);
      }),
    remove: (id) =>
      guarded(async () => {
        try {
          await rm(pathOf(id));
          return true;
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
          throw error;
        }
      }),
    list: () =>
      guarded(async () => {
        const pins: Pin[] = [];
        for (const name of await readdir(directory).catch(() => [])) {
          if (!name.endsWith('.json')) continue;
          const path = join(directory, name);
          const text = await readFile(path, 'utf8').catch(ifAbsent);
          if (text !== undefined) pins.push(readPin(text, path));
        }
        return pins;
      }),
  };
}

function ifAbsent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

function readPin(text: string, path: string): Pin {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Told below.
  }
  const { id, digest, metadata, createdAt } = isRecord(value) ? value : {};
  if (typeof id !== 'string' || typeof digest !== 'string' || !isDigest(digest)) {
    throw new OciError('STORE_FAILED', `${path} is no pin; remove it, and pin again what is needed`);
  }
  return {
    id,
    digest,
    metadata: readStrings(metadata) ?? {},
    createdAt: new Date(typeof createdAt === 'string' ? createdAt : 0),
  };
}
