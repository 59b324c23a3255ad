import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';

const run = promisify(execFile);
const fileOf = (name: string): URL => new URL(`./${name}`, import.meta.url);

/** The component of a `.wat` file of this folder that serves HTTP. */
export async function httpComponent(name: string, padding = ''): Promise<Uint8Array> {
  const source = await readFile(fileOf(`${name}.wat`), 'utf8');
  return componentOf(await parse(source.replace(';; $padding', padding)));
}

/** The hello of C; nothing where there is no clang for wasm. */
export async function helloOfC(): Promise<Uint8Array | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'http-hello-'));
  try {
    const core = join(folder, 'core.wasm');
    const options = ['--target=wasm32', '-O2', '-nostdlib', '-Wl,--no-entry', '-o', core];
    await run('clang', [...options, fileURLToPath(fileOf('http-hello.c'))]);
    return await componentOf(await readFile(core));
  } catch (error) {
    process.stderr.write(`without the hello of C: ${(error as Error).message.trim()}\n`);
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The hello with about so many bytes of other code. */
export function paddedHello(bytes: number): Promise<Uint8Array> {
  const steps = Array.from(
    { length: 200 },
    (_, step) =>
      `(local.set 0 (i32.rotl (i32.xor (local.get 0) (i32.const ${step * 7919})) (i32.const ${step % 31})))`,
  ).join('');
  const one = `(func (param i32) (result i32) ${steps} (local.get 0))`;
  return httpComponent('http-hello', one.repeat(Math.round(bytes / paddingBytes)));
}

/** Of one function. */
const paddingBytes = 2_500;

async function componentOf(core: Uint8Array): Promise<Uint8Array> {
  const witSource = await readFile(fileOf('http.wit'), 'utf8');
  return componentNew(await componentEmbed({ binary: core, witSource, world: 'server' }), []);
}
