import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ownedName } from './process-mark.ts';

export interface ReplaceOptions {
  /** @default 0o600 */
  readonly mode?: number;
}

/** Writes a file whole or not at all, also when the machine stops in the middle. */
export async function replaceFile(
  path: string,
  text: string,
  { mode = 0o600 }: ReplaceOptions = {},
): Promise<void> {
  const temporary = `${path}.${await ownedName()}.tmp`;
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Makes renames in a directory last. Windows cannot and need not. */
export async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(join(directory, '.'), 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
