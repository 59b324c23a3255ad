import { constants, type FileHandle, open } from 'node:fs/promises';

/** Opens a file for reading without that counting as use. `undefined` when it is not there. */
export async function openQuietly(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | ((constants.O_NOATIME as number | undefined) ?? 0));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    // For another's file it may not be asked.
    if (code !== 'EPERM') throw error;
    return open(path, 'r');
  }
}
