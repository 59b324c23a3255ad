import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
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

const run = promisify(execFile);

/** The hello of C with its library, in `folder`: its path; nothing where there is no clang with wasi-libc. */
export async function helloOfC(folder: string): Promise<string | undefined> {
  const path = `${folder}/hello.wasm`;
  const source = fileURLToPath(new URL('./hello.c', import.meta.url));
  try {
    await run('clang', ['--target=wasm32-wasi', '-O2', '-o', path, source]);
    return path;
  } catch (error) {
    process.stderr.write(`without the hello of C: ${(error as Error).message.trim()}\n`);
    return undefined;
  }
}
