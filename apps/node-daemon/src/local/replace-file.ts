import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CommandError } from '../errors.ts';

export interface ReplaceOptions {
  /** @default 0o644, less what the umask takes */
  readonly mode?: number;
}

/**
 * Writes a file whole or not at all; makes its directory.
 *
 * @throws {@link CommandError} `WRITE` naming the file.
 */
export async function replaceFile(
  path: string,
  content: string | Uint8Array,
  { mode = 0o644 }: ReplaceOptions = {},
): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    // Behind the comma is the name of the temporary file.
    const [problem = ''] = (cause as Error).message.split(', ');
    const remedy = 'name another file, or get the right to write in its folder';
    throw new CommandError('WRITE', `${path} cannot be written: ${problem}; ${remedy}`, { cause });
  }
}
