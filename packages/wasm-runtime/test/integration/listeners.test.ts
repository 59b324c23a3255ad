import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { createRuntime, type GuestSpec } from '../../src/index.ts';
import { freePort } from '../fixtures/free-port.ts';
import { echo, idleServer, lastWords } from '../fixtures/socket-guests.ts';
import { isolations, specIn } from '../fixtures/start-guest.ts';

const host = '127.0.0.1';

async function talk(port: number, bytes: Uint8Array): Promise<Buffer> {
  const peer = connect({ host, port });
  peer.end(bytes);
  return buffer(peer);
}

describe.each(isolations)('isolation %s: a guest with a listener', (isolation) => {
  const runtime = createRuntime({ allowedIsolation: [isolation] });
  afterAll(() => runtime[Symbol.asyncDispose]());

  async function serving(module: string, port: number, extra: Partial<GuestSpec> = {}) {
    return runtime.start(await specIn(isolation)(module, { listeners: [{ port }], ...extra }));
  }

  test('serves one connection after the other, and is stopped while it waits for the next', async () => {
    const port = await freePort();
    const guest = await serving(echo, port);
    for (const length of [0, 1, 1_000_000]) {
      const bytes = randomBytes(length);
      expect(Buffer.compare(await talk(port, bytes), bytes)).toBe(0);
    }
    const begin = performance.now();
    await expect(guest.stop({ graceMs: 0 })).resolves.toMatchObject({ kind: 'killed', reason: 'stop' });
    expect(performance.now() - begin).toBeLessThan(1_000);
    const next = createServer().listen(port, host);
    await once(next, 'listening');
    next.close();
  });

  test('is heard to its end when it exits right after it has spoken', async () => {
    const port = await freePort();
    const guest = await serving(lastWords, port);
    expect((await talk(port, new Uint8Array(0))).length).toBe(65_536);
    expect(await guest.exited).toMatchObject({ kind: 'exited', code: 7 });
  });

  test('cannot start where the address is taken', async () => {
    const port = await freePort();
    await using first = await serving(idleServer, port);
    await expect(serving(idleServer, port)).rejects.toMatchObject({ code: 'CANNOT_LISTEN' });
    expect(first.pid).toBeGreaterThan(0);
  });

  test('must say a port that there is', async () => {
    await expect(serving(echo, 70_000)).rejects.toMatchObject({ code: 'INVALID_SPEC' });
  });
});

test.runIf(process.platform === 'linux')(
  'a guest that polls its listener takes no time while nobody calls',
  async () => {
    await using runtime = createRuntime();
    const port = await freePort();
    await using guest = await runtime.start(await specIn('process')(idleServer, { listeners: [{ port }] }));
    const ticks = async (): Promise<number> => {
      const fields = (await readFile(`/proc/${guest.pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
      return Number(fields[11]) + Number(fields[12]);
    };
    await delay(300);
    const before = await ticks();
    await delay(1_000);
    // A hundred ticks would be a whole core.
    expect((await ticks()) - before).toBeLessThan(10);
  },
);
