import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { afterAll, describe, expect, test } from 'vitest';
import type { Guest, WasmRuntime } from '@wasmlet/wasm-runtime';
import { guestOf, type Step } from '../fixtures/http-guest.ts';
import { serve, serveTcp, type TestServer } from '../fixtures/http-server.ts';
import { createHttpRuntime, local, startGuest } from '../fixtures/run-guest.ts';

const runtime: WasmRuntime = createHttpRuntime();
afterAll(() => runtime[Symbol.asyncDispose]());

interface Started {
  readonly guest: Guest;
  readonly socket: Socket;
}

/** Starts a guest, and waits for its connection. */
async function startAgainst(server: TestServer, steps: readonly Step[], after = ''): Promise<Started> {
  const guest = await startGuest(runtime, guestOf(steps, { after }), local(server.url));
  guest.stderr?.resume();
  return { guest, socket: await server.connected };
}

/** However it closes. */
const closeOf = (socket: Socket) =>
  new Promise<void>((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });

const promisedMs = 100;

/** The best of three: a busy machine can delay one of them. */
async function quickest(measure: () => Promise<number>): Promise<number> {
  return Math.min(await measure(), await measure(), await measure());
}

/** Milliseconds that a guest's end takes; waits for that of its connection as well. */
async function measureStop({ guest, socket }: Started): Promise<number> {
  const closed = closeOf(socket);
  const begin = performance.now();
  await expect(guest.stop({ graceMs: 0 })).resolves.toMatchObject({ kind: 'killed', reason: 'stop' });
  const took = performance.now() - begin;
  await closed;
  return took;
}

describe('a guest that is killed is gone within 100 ms, with its connection', () => {
  test('while it waits for a response', async () => {
    const took = await quickest(async () => {
      await using server = await serve(() => {});
      return await measureStop(await startAgainst(server, [{ call: 'req', url: server.url }]));
    });
    expect(took).toBeLessThan(promisedMs);
  });

  test('while it waits for a body', async () => {
    const head = 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc';
    const took = await quickest(async () => {
      await using server = await serveTcp((socket) => socket.once('data', () => socket.write(head)));
      const started = await startAgainst(server, [
        { call: 'req', url: server.url },
        { call: 'body_read', handle: 0 },
      ]);
      // It writes what `req` answered, and goes on to wait.
      await once(started.guest.stdout as Readable, 'data');
      return await measureStop(started);
    });
    expect(took).toBeLessThan(promisedMs);
  });

  test('while TLS begins', async () => {
    const took = await quickest(async () => {
      await using server = await serveTcp((socket) => socket.resume());
      const url = server.url.replace('http:', 'https:');
      return await measureStop(await startAgainst(server, [{ call: 'req', url }]));
    });
    expect(took).toBeLessThan(promisedMs);
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
    guest.stdout?.resume();
    await Promise.all([closeOf(socket), expect(guest.exited).resolves.toMatchObject(exit)]);
  });
});

test('a server that goes away in the middle of a request is an error for the guest', async () => {
  await using server = await serveTcp((socket) => socket.once('data', () => socket.resetAndDestroy()));
  const after = '(call $exit (i32.load (i32.const 12)))';
  const { guest } = await startAgainst(server, [{ call: 'req', url: server.url }], after);
  guest.stdout?.resume();
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
