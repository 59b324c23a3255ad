import { execFile } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { printTable, summarize } from '../statistics.ts';
import { startServer } from './contenders.ts';
import type { GetTimes } from './get-loop.ts';

const run = promisify(execFile);
const loop = fileURLToPath(new URL('./get-loop.ts', import.meta.url));

/** GETs of a guest beside undici's own, one after the other in one process. */
export async function gets(component: string): Promise<void> {
  await using server = await startServer('', 'hello');
  const { stdout } = await run(process.execPath, [...process.execArgv, loop, component, server.url]);
  const rounds = JSON.parse(stdout) as readonly GetTimes[];
  const medianOf = (field: keyof GetTimes): number => summarize(rounds.map((round) => round[field])).median;
  const row = (name: string, wall: keyof GetTimes, cpu: keyof GetTimes): readonly string[] => [
    name,
    `${medianOf(wall).toFixed(0)} µs`,
    summarize(rounds.map((round) => round[wall] / round.plainWall)).median.toFixed(2),
    `${medianOf(cpu).toFixed(0)} µs`,
  ];
  printTable(
    `One GET, ${rounds.length} rounds interleaved, medians`,
    ['', 'wall', 'ratio', 'CPU'],
    [
      row('undici.request', 'plainWall', 'plainCpu'),
      row('wasi:http/outgoing-handler', 'guestWall', 'guestCpu'),
    ],
  );
}
