import { execFile, spawn } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { freePort } from '../fixtures/free-port.ts';
import { serve } from '../fixtures/http-server.ts';
import { send } from '../fixtures/send.ts';
import { serverGuest } from '../fixtures/server-guest.ts';

test("the README's example of a module prints a fact", async () => {
  const example = await exampleOf('experimentalHttp(');
  await using server = await serve((_request, response) => response.end('{ "fact": "Cats sleep." }'));
  // Below the package, so that it finds it by its name.
  const directory = await mkdtemp(join(import.meta.dirname, 'readme-'));
  try {
    await writeFile(join(directory, 'example.ts'), example);
    await copyFile(
      join(import.meta.dirname, '../../../../examples/cat-facts/cat-facts.wasm'),
      join(directory, 'cat-facts.wasm'),
    );
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--conditions=@wasmlet/source', 'example.ts', `${server.url}/fact`],
      { cwd: directory },
    );
    expect(stdout).toMatch(/^\[.* INFO {2}rust_wasm\] Cat Fact: Cats sleep\.\n$/);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("the README's example of a component serves it, and ends", async () => {
  const port = await freePort();
  const example = (await exampleOf('createHandler(')).replaceAll('8080', String(port));
  const directory = await mkdtemp(join(import.meta.dirname, 'readme-'));
  try {
    await writeFile(join(directory, 'example.ts'), example);
    await writeFile(join(directory, 'component.wasm'), await serverGuest());
    const child = spawn(process.execPath, ['--conditions=@wasmlet/source', 'example.ts'], {
      cwd: directory,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    expect(line).toBe(`curl http://127.0.0.1:${port}/hello`);
    await expect(send(port, '/hello')).resolves.toMatchObject({ status: 200, text: 'Hello World\n' });
    child.kill('SIGTERM');
    await expect(exited).resolves.toEqual([0, null]);
  } finally {
    await rm(directory, { recursive: true });
  }
});

/** The example in which `text` stands. */
async function exampleOf(text: string): Promise<string> {
  const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8');
  const examples = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, example = '']) => example);
  return examples.find((example) => example.includes(text)) ?? '';
}
