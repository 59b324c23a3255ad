import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildPrograms } from '@wasmlet/e2e/programs';
import { createRuntime, type WasmRuntime } from '@wasmlet/wasm-runtime';
import { milliseconds, printTable, summarize } from './statistics.ts';

const rounds = 5;
const wasmtimeVersion = '50.0.1';
const run = promisify(execFile);

/**
 * Guests that only compute, from start to exit, beside PyPI's wasmtime; interleaved. Compiling is part of our time, as
 * V8 compiles while it runs; wasmtime's is told apart. `WASMLET_COMPUTE_MODULES` names further commands, which get no
 * arguments: CoreMark, or SQLite's speedtest1.
 */
export async function compute(): Promise<void> {
  const modules = {
    'SQLite in memory (C)': join(await buildPrograms('sqlite'), 'checks.wasm'),
    'loops (Rust)': join(await buildPrograms('rust'), 'loops.wasm'),
    ...Object.fromEntries(
      (process.env['WASMLET_COMPUTE_MODULES'] ?? '')
        .split(delimiter)
        .filter((path) => path !== '')
        .map((path) => [basename(path, '.wasm'), path]),
    ),
  };
  const python = await findWasmtime();
  await using runtime = createRuntime({ pool: { idle: 1 } });
  const rows: string[][] = [];
  for (const [name, path] of Object.entries(modules)) {
    const module = await readFile(path);
    const own: number[] = [];
    const theirs: { readonly compileMs: number; readonly runMs: number }[] = [];
    for (let round = 0; round < rounds; round += 1) {
      own.push(await throughRuntime(runtime, module));
      if (python !== undefined) theirs.push(await throughWasmtime(python, path));
    }
    const ownMs = summarize(own).median;
    const compileMs = summarize(theirs.map((time) => time.compileMs)).median;
    const runMs = summarize(theirs.map((time) => time.runMs)).median;
    const peer = python === undefined ? ['–', '–', '–'] : [runMs, compileMs].map(milliseconds);
    if (python !== undefined) peer.push(`${(ownMs / runMs).toFixed(2)}x`);
    rows.push([name, milliseconds(ownMs), ...peer]);
  }
  printTable(
    `Compute, medians of ${rounds} rounds interleaved`,
    ['', 'wasmlet, process tier', `wasmtime ${wasmtimeVersion}, run`, 'and compile', 'wasmlet / run'],
    rows,
  );
}

async function throughRuntime(runtime: WasmRuntime, module: Uint8Array): Promise<number> {
  const begin = performance.now();
  await using guest = await runtime.start({
    name: 'compute',
    module,
    args: ['guest'],
    env: [],
    mounts: [],
    output: { kind: 'stream' },
  });
  guest.stdout?.resume();
  guest.stderr?.resume();
  const exit = await guest.exited;
  if (exit.kind !== 'exited' || exit.code !== 0) throw new Error(`the guest failed: ${JSON.stringify(exit)}`);
  return performance.now() - begin;
}

const peer = fileURLToPath(new URL('./peers/run-wasmtime.py', import.meta.url));

async function throughWasmtime(python: string, path: string) {
  const { stdout } = await run(python, [peer, path], { maxBuffer: 2 ** 24 });
  const [compileMs = Number.NaN, runMs = Number.NaN] =
    stdout.trimEnd().split('\n').at(-1)?.split(' ').map(Number) ?? [];
  return { compileMs, runMs };
}

/** A Python with wasmtime, made once below `${XDG_CACHE_HOME:-~/.cache}/wasmlet`; undefined, and said, where none can be had. */
async function findWasmtime(): Promise<string | undefined> {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const folder = join(cache, 'wasmlet', `wasmtime-${wasmtimeVersion}`);
  const python = join(folder, 'bin', 'python');
  if (existsSync(python)) return python;
  try {
    await run('python3', ['-m', 'venv', folder]);
    await run(python, ['-m', 'pip', 'install', '--quiet', `wasmtime==${wasmtimeVersion}`]);
    return python;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    process.stderr.write(`without wasmtime: ${(error as Error).message.trim()}\n`);
    return undefined;
  }
}
