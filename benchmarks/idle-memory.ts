import { readFile } from 'node:fs/promises';
import { createRuntime } from '@wasmlet/wasm-runtime';
import { compileGuest } from './guests/compile.ts';
import { printTable } from './statistics.ts';

/** Private memory per idle guest at 1, 10, 50 and 100 guests, from the kernel's `smaps_rollup`. */
export async function idleMemory(): Promise<void> {
  const module = await compileGuest('sleeper');
  for (const isolation of ['process', 'thread'] as const) {
    const rows: string[][] = [];
    for (const count of [1, 10, 50, 100]) {
      await using runtime = createRuntime({ pool: { idle: 0 }, threads: { idle: 0 } });
      const pids = new Set<number>();
      for (let index = 0; index < count; index += 1) {
        const guest = await runtime.start({
          name: `idle-${index}`,
          module,
          args: ['idle'],
          env: [],
          mounts: [],
          output: { kind: 'stream' },
          isolation,
        });
        pids.add(guest.pid);
      }
      const memory = await Promise.all([...pids].map(readMemory));
      const perGuest = (field: 'privateKb' | 'pssKb'): string =>
        `${(memory.reduce((sum, one) => sum + one[field], 0) / count / 1024).toFixed(1)} MB`;
      rows.push([String(count), String(pids.size), perGuest('privateKb'), perGuest('pssKb')]);
    }
    printTable(`Memory per idle guest, ${isolation} tier`, ['guests', 'processes', 'private', 'PSS'], rows);
  }
}

async function readMemory(pid: number): Promise<{ readonly privateKb: number; readonly pssKb: number }> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
  return { privateKb: field('Private_Clean') + field('Private_Dirty'), pssKb: field('Pss') };
}
