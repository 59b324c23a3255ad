import { readFile, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OciError } from '../errors.ts';
import { makeDirectory } from '../store/make-directory.ts';
import { replaceFile } from '../store/replace-file.ts';

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
    await makeDirectory(dirname(file));
    const target = await realpath(file).catch(() => file);
    // As docker indents it.
    await replaceFile(target, JSON.stringify(config, undefined, '\t'));
  } catch (cause) {
    // Behind the comma is the name of the temporary file.
    const [problem = ''] = (cause as Error).message.split(', ');
    const remedy = 'name another file, or get the right to write in its folder';
    throw new OciError('INVALID_CONFIG', `${file} cannot be written: ${problem}; ${remedy}`, { cause });
  }
}
