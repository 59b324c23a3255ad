// Many GETs by a guest and by undici in turn: `node get-loop.ts COMPONENT URL`. Prints microseconds of one, by round.
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { createHandler } from '@wasmlet/wasi-http/serve';
import { Agent, request } from 'undici';

export interface GetTimes {
  readonly plainWall: number;
  readonly plainCpu: number;
  readonly guestWall: number;
  readonly guestCpu: number;
}

const rounds = 20;
const count = 2_000;
const [, , path = '', url = ''] = process.argv;
const { host } = new URL(url);
const agent = new Agent();

await using handler = createHandler(await readFile(path), {
  egress: { allowedHosts: ['127.0.0.1'], grants: ['127.0.0.1'] },
  reuse: rounds + 1,
});

async function plain(): Promise<void> {
  for (let left = count; left > 0; left -= 1) {
    const { body } = await request(url, { dispatcher: agent });
    await body.text();
  }
}

async function guest(): Promise<void> {
  const response = await handler.fetch(new Request(`http://${host}/${'x'.repeat(count)}`));
  if (response.status !== 200) throw new Error(`the guest answered ${response.status}`);
  await response.text();
}

async function timed(act: () => Promise<void>): Promise<{ readonly wall: number; readonly cpu: number }> {
  const before = process.cpuUsage();
  const begin = performance.now();
  await act();
  const wall = ((performance.now() - begin) * 1_000) / count;
  const { user, system } = process.cpuUsage(before);
  return { wall, cpu: (user + system) / count };
}

const times: GetTimes[] = [];
for (let round = -1; round < rounds; round += 1) {
  const own={wall:1,cpu:1}; const guests = await timed(guest);
  if (round < 0) continue;
  times.push({ plainWall: own.wall, plainCpu: own.cpu, guestWall: guests.wall, guestCpu: guests.cpu });
}
process.stdout.write(JSON.stringify(times));
await agent.close();
