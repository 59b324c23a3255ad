import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { afterAll, describe, expect, test } from 'vitest';
import type { WasmRuntime } from '@wasmlet/wasm-runtime';
import { guestOf, type Step } from '../fixtures/http-guest.ts';
import { serve, serveTcp, type TestServer } from '../fixtures/http-server.ts';
import { createHttpRuntime, local, startGuest } from '../fixtures/run-guest.ts';

const runtime: WasmRuntime = createHttpRuntime();
afterAll(() => runtime[Symbol.asyncDispose]());

/** Starts a guest, and waits for its connection. */
async function startAgainst(server: TestServer, steps: readonly Step[], after = '') {
  const guest = await startGuest(runtime, guestOf(steps, { after }), local(server.url));
  guest.stdout?.resume();
  guest.stderr?.resume();
  const socket = await server.connected;
  return { guest, socket };
}

/** However it closes. */
const closeOf = (socket: Socket) =>
  new Promise<void>((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });

const killTimeMs = 100;

describe('a guest that is killed', () => {
  test('while it waits for a response is gone within 100 ms, with its connection', async () => {
    await using server = await serve(() => {});
    const { guest, socket } = await startAgainst(server, [{ call: 'req', url: server.url }]);
    const closed = closeOf(socket);
    const before = performance.now();
    await guest.stop({ graceMs: 0 });
    expect(performance.now() - before).toBeLessThan(killTimeMs);
    await closed;
    await expect(guest.exited).resolves.toMatchObject({ kind: 'killed', reason: 'stop' });
  });

  test('while it waits for a body is gone within 100 ms, with its connection', async () => {
    await using server = await serveTcp((socket) =>
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc')),
    );
    const steps = [
      { call: 'req', url: server.url },
      { call: 'body_read', handle: 0 },
    ] as const;
    const guest = await startGuest(runtime, guestOf(steps), local(server.url));
    guest.stderr?.resume();
    const socket = await server.connected;
    // It writes what `req` answered, and goes on to wait.
    await once(guest.stdout as Readable, 'data');
    const closed = closeOf(socket);
    const before = performance.now();
    await guest.stop({ graceMs: 0 });
    expect(performance.now() - before).toBeLessThan(killTimeMs);
    await closed;
  });

  test('while it is connecting is gone within 100 ms', async () => {
    // The connection is there, but TLS never begins.
    await using server = await serveTcp(() => {});
    const { guest } = await startAgainst(server, [
      { call: 'req', url: server.url.replace('http:', 'https:') },
    ]);
    const before = performance.now();
    await guest.stop({ graceMs: 0 });
    expect(performance.now() - before).toBeLessThan(killTimeMs);
  });
});

describe('a guest that ends', () => {
  test.each([
    ['by returning', '', { kind: 'exited', code: 0 }],
    ['by exiting', '(call $exit (i32.const 3))', { kind: 'exited', code: 3 }],
    ['by a trap', 'unreachable', { kind: 'trapped' }],
  ])('%s leaves no open response behind', async (_how, after, exit) => {
    await using server = await serve((_request, response) => {
      response.on('error', () => {});
      response.write(Buffer.alloc(1024 * 1024));
    });
    const { guest, socket } = await startAgainst(server, [{ call: 'req', url: server.url }], after);
    await Promise.all([closeOf(socket), expect(guest.exited).resolves.toMatchObject(exit)]);
  });
});

test('a server that goes away in the middle of a request is an error for the guest', async () => {
  await using server = await serveTcp((socket) => socket.once('data', () => socket.resetAndDestroy()));
  const after = '(call $exit (i32.load (i32.const 12)))';
  const { guest } = await startAgainst(server, [{ call: 'req', url: server.url }], after);
  await expect(guest.exited).resolves.toMatchObject({ kind: 'exited', code: 11 });
});

test('guests have separate handles and connections', async () => {
  await using server = await serve((_request, response) => response.end('a'));
  const steps = [{ call: 'req', url: server.url }] as const;
  const after = '(call $exit (i32.load (i32.const 20)))';
  const [first, second] = await Promise.all([
    startAgainst(server, steps, after),
    startAgainst(server, steps, after),
  ]);
  expect(await Promise.all([first.guest.exited, second.guest.exited])).toMatchObject([
    { code: 0 },
    { code: 0 },
  ]);
  expect(server.connections()).toBe(2);
});
