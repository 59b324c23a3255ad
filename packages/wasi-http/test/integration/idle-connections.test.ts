import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { serveComponent } from '../../src/serve.ts';
import { send } from '../fixtures/send.ts';
import { serverGuest } from '../fixtures/server-guest.ts';

const count = 10_000;
const clients = fileURLToPath(new URL('../fixtures/idle-clients.ts', import.meta.url));
const descriptors = Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' })) || Infinity;

/** Opens connections on which one request has been answered, in a process of their own. */
async function openConnections(port: number, wanted: number): Promise<AsyncDisposable> {
  const child = spawn(process.execPath, [clients, String(port), String(wanted)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const said = await Promise.race([once(child.stdout, 'data'), ended]);
  expect(String(said[0])).toBe('idle\n');
  return {
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
    },
  };
}

test.skipIf(descriptors < count + 500)(
  `10,000 connections that wait for their next request cost little memory and delay nobody (needs "ulimit -n" of ${count + 500})`,
  async () => {
    await using served = await serveComponent(await serverGuest());
    const { port } = served.address;
    await (await openConnections(port, 200))[Symbol.asyncDispose]();
    const before = process.memoryUsage().rss;
    await using _connections = await openConnections(port, count);
    expect((process.memoryUsage().rss - before) / count).toBeLessThan(maxBytes);
    expect(served.stats()).toMatchObject({ active: 0, requests: count + 200 });
    await expect(send(port, '/hello')).resolves.toMatchObject({ status: 200 });
  },
  120_000,
);

/** Of one connection in the server, Node's part among them. */
const maxBytes = 30 * 1024;
