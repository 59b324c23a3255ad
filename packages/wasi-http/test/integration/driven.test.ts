import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRuntime, type Guest, type GuestSpec, type Isolation } from '@wasmlet/wasm-runtime';
import {
  incomingHandler,
  type IncomingHandlerOptions,
  incomingHandlerUrl,
  readServerReport,
  type ServerReport,
} from '../../src/index.ts';
import { http2Client } from '../fixtures/http2-client.ts';
import { printingServer } from '../fixtures/printing-server.ts';
import { rawClient } from '../fixtures/raw-client.ts';
import { send } from '../fixtures/send.ts';
import { untilRefused } from '../fixtures/until-refused.ts';

let component: Uint8Array;
beforeAll(async () => {
  component = await printingServer();
});

interface Served {
  readonly guest: Guest;
  readonly port: number;
  readonly stdout: Promise<string>;
  readonly stderr: Promise<string>;
  readonly reports: ServerReport[];
}

describe.each(['process', 'thread', 'in-process'] satisfies Isolation[])('in isolation %s', (isolation) => {
  const runtime = createRuntime({ hostModules: [incomingHandlerUrl], allowedIsolation: [isolation] });
  afterAll(() => runtime[Symbol.asyncDispose]());

  const specOf = (options: Partial<IncomingHandlerOptions>, more: Partial<GuestSpec> = {}): GuestSpec => ({
    name: 'server',
    module: component,
    args: [],
    env: [],
    mounts: [],
    output: { kind: 'stream' },
    isolation,
    hostModules: [incomingHandler({ port: 0, ...options })],
    ...more,
  });
  async function serve(options: Partial<IncomingHandlerOptions> = {}): Promise<Served> {
    const guest = await runtime.start(specOf(options));
    const reports: ServerReport[] = [];
    const serving = Promise.withResolvers<number>();
    guest.onReport(({ report }) => {
      const told = readServerReport(report);
      if (told === undefined) return;
      reports.push(told);
      if (told.kind === 'http-serving') serving.resolve(told.port);
    });
    const [stdout, stderr] = [text(guest.stdout as Readable), text(guest.stderr as Readable)];
    return { guest, reports, stdout, stderr, port: await serving.promise };
  }

  test('a component answers requests itself, and its prints are its output', async () => {
    const { guest, port, stdout } = await serve();
    expect(await send(port, '/a?b')).toMatchObject({ status: 200, text: 'Hello World\n', complete: true });
    expect(await send(port, '/c')).toMatchObject({ status: 200 });
    expect(await guest.stop({ graceMs: 10_000 })).toMatchObject({ kind: 'exited', code: 0 });
    expect(await stdout).toBe('/a?b\n/c\n');
    await expect(send(port, '/')).rejects.toThrow(/ECONNREFUSED/);
  });

  test('a component answers requests of HTTP/2 on the same port', async () => {
    const { guest, port } = await serve();
    await using client = await http2Client(port);
    const answers = await Promise.all([client.send('/a'), client.send('/b')]);
    expect(answers).toMatchObject([{ text: 'Hello World\n' }, { text: 'Hello World\n' }]);
    await expect(send(port, '/c')).resolves.toMatchObject({ status: 200 });
    const closed = once(client.session, 'close');
    expect(await guest.stop({ graceMs: 10_000 })).toMatchObject({ kind: 'exited', code: 0 });
    await closed;
  });

  test('a stop lets requests that run end, and takes what comes on open connections', async () => {
    const { guest, port } = await serve();
    await using client = await rawClient(port);
    client.send('GET /slow HTTP/1.1\r\nhost: a\r\n\r\n');
    await once(guest.stdout as Readable, 'data');
    const exited = guest.stop({ graceMs: 10_000 });
    await untilRefused(port);
    client.send('GET /next HTTP/1.1\r\nhost: a\r\n\r\n');
    const answers = await client.all();
    expect(answers.match(/200 OK/g)).toHaveLength(2);
    expect(answers).toMatch(/connection: close/i);
    expect(await exited).toMatchObject({ kind: 'exited', code: 0 });
  });

  test('a guest that is not done when its grace has passed is killed', async () => {
    const { guest, port } = await serve();
    await using client = await rawClient(port);
    client.send('GET /stall HTTP/1.1\r\nhost: a\r\n\r\n');
    await once(guest.stdout as Readable, 'data');
    const exited = guest.stop({ graceMs: 60_000 });
    expect(await guest.stop({ graceMs: 300 })).toMatchObject({ kind: 'killed', reason: 'grace' });
    expect(await exited).toBe(await guest.exited);
  });

  test('an instance that is used again traps alone, and its trap is written to stderr', async () => {
    const { guest, port, stderr } = await serve({ reuse: 100 });
    const statuses: number[] = [];
    for (let count = 0; count < 7; count += 1) statuses.push((await send(port, '/third')).status);
    expect(statuses).toEqual([200, 200, 500, 200, 200, 500, 200]);
    await guest.stop({ graceMs: 10_000 });
    expect(await stderr).toMatch(/^"GET \/third": wasm trap: wasm `unreachable` instruction executed\n/);
  });

  test('counters are reported while they change, and requests logged', async () => {
    const { guest, port, stdout, reports } = await serve({ statsMs: 10, accessLog: true });
    await send(port, '/x');
    await guest.stop({ graceMs: 10_000 });
    expect(reports.at(-1)).toMatchObject({
      kind: 'http-stats',
      stats: { requests: 1, active: 0, byClass: { 2: 1 } },
    });
    expect(await stdout).toMatch(/^\/x\n127\.0\.0\.1 "GET \/x" 200 12 \d+\.\dms\n$/);
  });

  test('a port that is taken is an error that names it', async () => {
    const { guest, port } = await serve();
    await expect(runtime.start(specOf({ port }))).rejects.toMatchObject({
      code: 'CANNOT_LISTEN',
      message: expect.stringContaining(`127.0.0.1:${port}`) as string,
    });
    await guest.stop({ graceMs: 10_000 });
  });
});

test('a component that nobody calls is refused, and a command is none of the module', async () => {
  await using runtime = createRuntime({ hostModules: [incomingHandlerUrl] });
  const { componentEmbed, componentNew, parse } = await import('@bytecodealliance/jco-transpile/wasm-tools');
  const binary = await parse('(module (func (export "local:lib/api#go")))');
  const witSource = 'package local:lib; interface api { go: func(); } world lib { export api; }';
  const library = await componentNew(await componentEmbed({ binary, witSource, world: 'lib' }), []);
  const start = runtime.start({
    name: 'library',
    module: library,
    args: [],
    env: [],
    mounts: [],
    output: { kind: 'stream' },
    hostModules: [incomingHandler({ port: 0 })],
  });
  await expect(start).rejects.toMatchObject({
    code: 'NO_ENTRY',
    message:
      'library is a component that exports neither wasi:cli/run nor wasi:http/incoming-handler of WASI 0.2, so there is nothing to start; it exports local:lib/api',
  });
});
