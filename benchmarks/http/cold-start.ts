import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { milliseconds, printTable, summarize } from '../statistics.ts';

const rounds = 15;
const run = promisify(execFile);
const first = fileURLToPath(new URL('./first-answer.ts', import.meta.url));

/**
 * From a component's bytes to the end of its first answer, each in a new process that has loaded the library: one that has run
 * nothing, and one that has served another component before, as a guest host or a server that takes components has.
 */
export async function coldStart(component: string, another: string): Promise<void> {
  const rows: string[][] = [];
  for (const [name, before] of [
    ['has run nothing', []],
    ['has served another component', [another]],
  ] as const) {
    const times: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const { stdout } = await run(process.execPath, [...process.execArgv, first, ...before, component]);
      times.push(Number(stdout));
    }
    const { min, median, max } = summarize(times);
    rows.push([name, milliseconds(min), milliseconds(median), milliseconds(max)]);
  }
  const { size } = await stat(component);
  printTable(
    `First answer of a component of ${(size / 1e6).toFixed(2)} MB, ${rounds} processes each`,
    ['in a process that', 'min', 'median', 'max'],
    rows,
  );
}
