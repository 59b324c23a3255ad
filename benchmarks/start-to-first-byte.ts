import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createRuntime, type Isolation, type WasmRuntime } from '@wasmlet/wasm-runtime';
import { helloOfC } from './guests/compile.ts';
import { milliseconds, printTable, summarize } from './statistics.ts';

const rounds = 30;
const helloOfRust = fileURLToPath(new URL('../examples/hello-wasm/hello-wasm.wasm', import.meta.url));

/** Start of a cached module to its first byte on stdout, beside what a user has; interleaved. */
export async function startToFirstByte(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'start-to-first-byte-'));
  try {
    const modules = [await helloOfC(folder), helloOfRust];
    for (const path of modules) if (path !== undefined) await measureStarts(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureStarts(modulePath: string): Promise<void> {
  const bytes = await readFile(modulePath);
  await using runtime = createRuntime({ pool: { idle: 1 } });
  const peer = fileURLToPath(new URL('./peers/node-wasi.mjs', import.meta.url));
  const contenders: Record<string, () => Promise<number>> = {
    'wasmlet, process tier, warm pool': () => throughRuntime(runtime, bytes, 'process'),
    'wasmlet, thread tier, warm pool': () => throughRuntime(runtime, bytes, 'thread'),
    'node -e 0 (does nothing, to its end)': () => throughProcess(process.execPath, ['-e', '0']),
    'node:wasi in a new process': () => throughProcess(process.execPath, ['--no-warnings', peer, modulePath]),
  };
  if (spawnSync('wasmtime', ['--version']).status === 0) {
    contenders['wasmtime run'] = () => throughProcess('wasmtime', ['run', modulePath]);
  }
  const samples = new Map<string, number[]>(Object.keys(contenders).map((name) => [name, []]));
  for (let round = -3; round < rounds; round += 1) {
    for (const [name, measure] of Object.entries(contenders)) {
      const elapsed = await measure();
      if (round >= 0) samples.get(name)?.push(elapsed);
    }
  }
  const own = summarize(samples.get('wasmlet, process tier, warm pool') ?? []).median;
  printTable(
    `Start to first byte, ${(bytes.length / 1024).toFixed(0)} kB module, ${rounds} rounds interleaved`,
    ['', 'min', 'median', 'max', 'ratio'],
    [...samples].map(([name, values]) => {
      const { min, median, max } = summarize(values);
      return [
        name,
        milliseconds(min),
        milliseconds(median),
        milliseconds(max),
        `${(median / own).toFixed(1)}x`,
      ];
    }),
  );
}

/** After which the pool has its next guest host, loaded: pods do not come one right after the other. */
const refillMs = 300;

async function throughRuntime(
  runtime: WasmRuntime,
  module: Uint8Array,
  isolation: Isolation,
): Promise<number> {
  await delay(refillMs);
  const begin = performance.now();
  await using guest = await runtime.start({
    name: 'hello',
    module,
    args: ['hello'],
    env: [],
    mounts: [],
    output: { kind: 'stream' },
    isolation,
  });
  if (!guest.stdout || !guest.stderr) throw new TypeError('no streams');
  guest.stderr.resume();
  let elapsed = Number.NaN;
  for await (const _chunk of guest.stdout) {
    if (Number.isNaN(elapsed)) elapsed = performance.now() - begin;
  }
  await guest.exited;
  return elapsed;
}

function throughProcess(command: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    let elapsed: number | undefined;
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout.on('data', () => {
      elapsed ??= performance.now() - begin;
    });
    child.once('error', reject);
    child.once('close', () => resolve(elapsed ?? performance.now() - begin));
  });
}
