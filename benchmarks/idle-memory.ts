import { readFile } from 'node:fs/promises';
import { createRuntime, type Guest } from '@wasmlet/wasm-runtime';
import { compileGuest } from './guests/compile.ts';
import { printTable } from './statistics.ts';

/** Private memory per idle guest at 1, 10 and 50 guests, from the kernel's `smaps_rollup`. */
export async function idleMemory(): Promise<void> {
  const module = await compileGuest('sleeper');
  const rows: string[][] = [];
  for (const count of [1, 10, 50]) {
    await using runtime = createRuntime({ pool: { idle: 0 } });
    const guests: Guest[] = [];
    for (let index = 0; index < count; index += 1) {
      const guest = await runtime.start({
        name: `idle-${index}`,
        module,
        args: ['idle'],
        env: [],
        mounts: [],
        output: { kind: 'stream' },
      });
      guests.push(guest);
    }
    const memory = await Promise.all(guests.map((guest) => readMemory(guest.pid)));
    const mean = (field: 'privateKb' | 'pssKb'): string =>
      `${(memory.reduce((sum, one) => sum + one[field], 0) / count / 1024).toFixed(1)} MB`;
    rows.push([String(count), mean('privateKb'), mean('pssKb')]);
  }
  printTable('Memory per idle guest, process tier', ['guests', 'private', 'PSS'], rows);
}

async function readMemory(pid: number): Promise<{ readonly privateKb: number; readonly pssKb: number }> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
  return { privateKb: field('Private_Clean') + field('Private_Dirty'), pssKb: field('Pss') };
}
