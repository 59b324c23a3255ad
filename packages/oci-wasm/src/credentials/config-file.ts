import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, realpath, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OciError } from '../errors.ts';

/** The text of docker's configuration file; `undefined` when there is none. Rejects with {@link OciError} `INVALID_CONFIG`. */
export async function readConfigText(
  file: string,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  try {
    return await readFile(file, { encoding: 'utf8', ...(signal === undefined ? {} : { signal }) });
  } catch (cause) {
    signal?.throwIfAborted();
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new OciError('INVALID_CONFIG', `${file} cannot be read: ${message}`, { cause });
  }
}

/** Replaces the file at once, for its owner's eyes alone; where it is a link, what it leads to. */
export async function writeConfig(file: string, config: object): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const target = await realpath(file).catch(() => file);
    const temporary = `${target}.${randomUUID()}.tmp`;
    try {
      const handle = await open(temporary, 'wx', 0o600);
      try {
        // As docker indents it.
        await handle.writeFile(JSON.stringify(config, undefined, '\t'));
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  } catch (cause) {
    throw new OciError('INVALID_CONFIG', `${file} cannot be written: ${(cause as Error).message}`, { cause });
  }
}
