import { readFile } from 'node:fs/promises';
import wabt from 'wabt';

/** Assembles a `.wat` file of this folder. */
export async function compileGuest(name: string): Promise<Uint8Array> {
  const source = await readFile(new URL(`./${name}.wat`, import.meta.url), 'utf8');
  const module = (await wabt()).parseWat(`${name}.wat`, source);
  try {
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}
