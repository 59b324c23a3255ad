import { readFile } from 'node:fs/promises';
import type { OciError } from '../errors.ts';

const maxFileBytes = 1024 * 1024;

/** The value of a configuration file in YAML or JSON. `invalid` makes the error that it rejects with; it names the file. */
export async function readYamlFile(
  file: string,
  invalid: (problem: string, cause?: unknown) => OciError,
): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw invalid(`cannot be read: ${(cause as Error).message}`, cause);
  }
  if (text.length > maxFileBytes) throw invalid(`is larger than ${maxFileBytes} bytes`);
  const { parse } = await import('yaml');
  try {
    return parse(text, { maxAliasCount: 100 });
  } catch (cause) {
    throw invalid(`is no YAML: ${(cause as Error).message.split('\n')[0]}`, cause);
  }
}
