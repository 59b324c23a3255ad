import { constants, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isDigest } from '../content/digest.ts';
import { OciError } from '../errors.ts';
import { isAbandoned } from './leftovers.ts';
import { makeDirectory } from './make-directory.ts';
import { ownedName } from './process-mark.ts';
import { storeError } from './store-error.ts';

/** Digests that running work needs, one on each line of a file of its own: `leases/`. */
export interface LeaseFile extends AsyncDisposable {
  /**
   * Keeps content, with all that it leads to, from when this resolves: look whether it is there only after that.
   * Rejects with {@link OciError} `STORE_FAILED` when the lease has expired.
   */
  hold(digest: string): Promise<void>;
  /** Rejects when it has expired: then what it held may have been removed. */
  check(): Promise<void>;
}

export async function openLeaseFile(root: string): Promise<LeaseFile> {
  const directory = join(root, 'leases');
  const path = join(directory, await ownedName());
  const held = new Map<string, Promise<void>>();
  try {
    await makeDirectory(directory);
    await (await open(path, 'wx', 0o600)).close();
  } catch (error) {
    throw storeError(error, root);
  }

  const lost = (error: unknown): unknown =>
    (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? new OciError(
          'STORE_FAILED',
          `store ${root}: a lease has expired or was released while it was used; try again`,
          { cause: error },
        )
      : storeError(error, root);

  const append = async (digest: string): Promise<void> => {
    try {
      // Never made anew: a lease that was swept has not held what it held.
      await using file = await open(path, appendOnly);
      await file.writeFile(`${digest}\n`);
    } catch (error) {
      throw lost(error);
    }
  };

  return {
    async hold(digest) {
      let holding = held.get(digest);
      if (holding === undefined) {
        holding = append(digest);
        held.set(digest, holding);
        holding.catch(() => held.delete(digest));
      }
      await holding;
    },
    async check() {
      await stat(path).catch((error: unknown) => {
        throw lost(error);
      });
    },
    async [Symbol.asyncDispose]() {
      await rm(path, { force: true });
    },
  };
}

/** What all leases hold, but those of processes that have ended. */
export async function readLeases(root: string): Promise<ReadonlySet<string>> {
  const directory = join(root, 'leases');
  const digests = new Set<string>();
  for (const name of await readdir(directory).catch(() => [])) {
    const path = join(directory, name);
    if (await isAbandoned(path)) continue;
    // One that is gone now has been released: then its work has given a name, or nothing is needed any more.
    const text = await readFile(path, 'utf8').catch(() => '');
    for (const line of text.split('\n')) if (isDigest(line)) digests.add(line);
  }
  return digests;
}

const appendOnly = constants.O_WRONLY | constants.O_APPEND;
