import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import wabt from 'wabt';
import { beforeAll, describe, expect, test } from 'vitest';
import { printingServer } from '../../../../packages/wasi-http/test/fixtures/printing-server.ts';
import { type CommandLine, openCommandLine, type Running } from '../fixtures/command-line.ts';

let server: Uint8Array;
beforeAll(async () => {
  server = await printingServer();
});

async function withServer(): Promise<CommandLine> {
  const commandLine = await openCommandLine();
  await writeFile(join(commandLine.directory, 'server.wasm'), server);
  return commandLine;
}

async function portOf(running: Running): Promise<number> {
  const [, port] = await running.wrote(/serving server\.wasm on http:\/\/127\.0\.0\.1:(\d+)\/\n/);
  return Number(port);
}

async function ask(port: number, path: string): Promise<string> {
  const request = get({ host: '127.0.0.1', port, path, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return `${response.statusCode} ${await text(response)}`;
}

describe.each(['process', 'thread'])('serve --isolation %s', (isolation) => {
  test('answers until Ctrl-C, lets what runs end, and prints what the guest does', async () => {
    await using commandLine = await withServer();
    await using running = commandLine.start([
      'serve',
      'server.wasm',
      '--addr',
      ':0',
      '--isolation',
      isolation,
    ]);
    const port = await portOf(running);
    expect(await ask(port, '/hello')).toBe('200 Hello World\n');
    const slow = ask(port, '/slow');
    await running.wrote(/^\/slow$/m);
    running.kill('SIGINT');
    expect(await slow).toBe('200 Hello World\n');
    const { code, stdout, stderr } = await running.finished;
    expect({ code, stdout }).toEqual({ code: 0, stdout: '/hello\n/slow\n' });
    expect(stderr).toMatch(
      /wasmlet: stopping, \d in flight\nwasmlet: stopped after 2 requests {2}0 in flight {2}0 errors\n$/,
    );
  });
});

test('serve --reuse --access-log uses an instance again, and writes a line for each request', async () => {
  await using commandLine = await withServer();
  await using running = commandLine.start([
    'serve',
    '--reuse',
    'server.wasm',
    '--addr',
    '127.0.0.1:0',
    '--access-log',
  ]);
  const port = await portOf(running);
  for (const status of ['200', '200', '500']) expect(await ask(port, '/third')).toMatch(status);
  running.kill('SIGTERM');
  const { code, stdout, stderr } = await running.finished;
  expect(code).toBe(0);
  expect(stdout).toMatch(/127\.0\.0\.1 "GET \/third" 500 \d+ \d+\.\dms trapped\n/);
  expect(stderr).toContain('"GET /third": wasm trap: wasm `unreachable` instruction executed');
  expect(stderr).toContain('stopped after 3 requests  0 in flight  1 error\n');
});

test('serve refuses what serves no HTTP, and names what it exports', async () => {
  await using commandLine = await withServer();
  const module = (await wabt()).parseWat('guest.wat', '(module (func (export "_start")))');
  await writeFile(join(commandLine.directory, 'hello.wasm'), module.toBinary({}).buffer);
  module.destroy();
  expect(await commandLine.run(['serve', 'hello.wasm'])).toEqual({
    code: 1,
    stdout: '',
    stderr:
      'wasmlet: hello.wasm does not export wasi:http/incoming-handler of WASI 0.2, so it serves no HTTP: it is a core module that exports _start.\n',
  });
});

test.each([
  [['--addr', 'nowhere'], '--addr "nowhere" is not of the form HOST:PORT.'],
  [['--addr', '127.0.0.1:99999'], 'is not of the form HOST:PORT.'],
  [['--isolation', 'cage'], '--isolation "cage" is not available'],
])('serve %j says what is wrong with it', async (args, words) => {
  await using commandLine = await withServer();
  const { code, stderr } = await commandLine.run(['serve', 'server.wasm', ...args]);
  expect(code).toBe(2);
  expect(stderr).toContain(words);
});
