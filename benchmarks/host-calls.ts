import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { createRuntime, type WasmRuntime } from '@wasmlet/wasm-runtime';
import { compileGuest } from './guests/compile.ts';
import { printTable, summarize } from './statistics.ts';

const rounds = 5;
const peer = fileURLToPath(new URL('./peers/node-wasi-directory.mjs', import.meta.url));

/** In the order of the guest's table. */
const calls = [
  'fd_read, 64 B of a file',
  'fd_write, 64 B to a file',
  'fd_write, two vectors',
  'fd_seek',
  'fd_filestat_get',
  'path_open + fd_close',
  'path_open + fd_close, three directories deep',
  'path_open, three deep, missing',
  'path_filestat_get, three deep',
  'fd_readdir, 20 entries',
  'clock_time_get',
  'random_get, 16 B',
  'random_get, 4 KiB',
];

/**
 * Processor time of single host calls as the guest measures it, beside `node:wasi`; whole runs interleaved. Not wall time: guests run
 * at a lower priority, so whatever else the machine does would count against them.
 */
export async function hostCalls(): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'host-calls-'));
  try {
    await chmod(scratch, 0o755);
    const module = join(scratch, 'guest.wasm');
    const bytes = await compileGuest('host-calls');
    await writeFile(module, bytes);
    const directory = join(scratch, 'root');
    await layOut(directory);
    await using runtime = createRuntime({ sandboxUsers: 'none' });
    const own: number[][] = [];
    const peers: number[][] = [];
    for (let round = -1; round < rounds; round += 1) {
      await throughRuntime(runtime, bytes, directory, join(scratch, 'log'));
      const ours = await results(directory);
      await throughNodeWasi(module, directory);
      const theirs = await results(directory);
      if (round < 0) continue;
      own.push(ours);
      peers.push(theirs);
    }
    printTable(
      `Host calls, processor time, fastest of ten batches, median of ${rounds} interleaved runs`,
      ['', 'wasmlet', 'node:wasi', 'ratio'],
      calls.map((name, index) => {
        const [ours, theirs] = [median(own, index), median(peers, index)];
        return [name, `${ours} ns`, `${theirs} ns`, (ours / theirs).toFixed(2)];
      }),
    );
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function median(samples: readonly (readonly number[])[], index: number): number {
  return summarize(samples.map((sample) => sample[index] ?? Number.NaN)).median;
}

async function layOut(directory: string): Promise<void> {
  await mkdir(join(directory, 'a/b/c'), { recursive: true });
  await mkdir(join(directory, 'list'));
  await writeFile(join(directory, 'a/b/c/file'), 'deep');
  await writeFile(join(directory, 'read'), new Uint8Array(1024 * 1024));
  await writeFile(join(directory, 'write'), '');
  for (let index = 0; index < 20; index += 1) await writeFile(join(directory, 'list', `entry-${index}`), '');
}

async function results(directory: string): Promise<number[]> {
  const bytes = await readFile(join(directory, 'results'));
  return calls.map((_name, index) => Number(bytes.readBigUInt64LE(8 * index)));
}

async function throughRuntime(
  runtime: WasmRuntime,
  module: Uint8Array,
  directory: string,
  log: string,
): Promise<void> {
  await writeFile(join(directory, 'results'), '');
  await using guest = await runtime.start({
    name: 'host-calls',
    module,
    args: [],
    env: [],
    mounts: [{ hostPath: directory, guestPath: '/' }],
    // As a pod has it: with streams the guest would be suspended at its calls.
    output: { kind: 'cri-log', path: log },
  });
  const exit = await guest.exited;
  if (exit.kind !== 'exited' || exit.code !== 0) throw new Error(JSON.stringify(exit));
}

async function throughNodeWasi(module: string, directory: string): Promise<void> {
  await writeFile(join(directory, 'results'), '');
  const child = spawn(process.execPath, ['--no-warnings', peer, module, directory], { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`node:wasi ended with ${code}`);
}
