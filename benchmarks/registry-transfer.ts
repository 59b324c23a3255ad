import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { startAnonymousRegistry } from '@wasmlet/e2e/registry';
import { buildRegistryTools } from '@wasmlet/e2e/registry-tools';
import { milliseconds, printTable, summarize } from './statistics.ts';
import { type Contender, library, skopeo, startContenders } from './transfer/contenders.ts';
import type { Cost, Job } from './transfer/job.ts';
import { writeRandomImage } from './transfer/random-image.ts';

const rounds = 5;
const megabyte = 1_000_000;
const loads: Readonly<Record<string, readonly number[]>> = {
  '1 × 50 MB': [50 * megabyte],
  '200 × 100 kB': Array.from({ length: 200 }, () => 100_000),
};
/** Of skopeo's wall time, for a pull by the library. */
const maxPullRatio = 1;
const maxPeakBytes = 120 * megabyte;

/**
 * Pull and push of whole images, registry on loopback and a layout on disk, beside skopeo and crane; interleaved, and
 * new content in every round, so that nobody can mount what it remembers. Fails the process beyond the limits above.
 */
export async function registryTransfer(): Promise<void> {
  await using registry = await startAnonymousRegistry();
  const tools = await buildRegistryTools();
  const scratch = await mkdtemp(join(tmpdir(), 'wasmlet-bench-'));
  try {
    for (const [load, sizes] of Object.entries(loads)) {
      const pushes: Results = new Map();
      const pulls: Results = new Map();
      await using contenders = new AsyncDisposableStack();
      const all = startContenders(tools, scratch).map((contender) => contenders.use(contender));
      for (let round = -1; round < rounds; round += 1) {
        const layout = join(scratch, 'source');
        const digest = await writeRandomImage(layout, sizes);
        const repository = `${registry.host}/bench/${sizes.length}/${round + 1}`;
        for (const contender of all) {
          const reference = `${repository}/${contender.label}:v1`;
          await note(pushes, contender, round, { kind: 'push', reference, layout, digest });
        }
        for (const contender of all) {
          const into = join(scratch, contender.label);
          const reference = `${repository}/${all[0]?.label}:v1`;
          await note(pulls, contender, round, { kind: 'pull', reference, layout: into, digest });
          await rm(into, { recursive: true, force: true });
        }
        await rm(layout, { recursive: true, force: true });
      }
      report(`Pull of ${load} to a layout`, pulls, maxPullRatio);
      report(`Push of ${load} from a layout`, pushes, Number.POSITIVE_INFINITY);
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

type Results = Map<string, Cost[]>;

/** The first round warms up. */
async function note(results: Results, contender: Contender, round: number, job: Job): Promise<void> {
  const cost = await contender.run(job);
  if (round >= 0) results.set(contender.name, [...(results.get(contender.name) ?? []), cost]);
}

function report(title: string, results: Results, maxRatio: number): void {
  const peer = medians(results.get(skopeo) ?? []);
  const rows = [...results].map(([name, costs]) => {
    const { wallMs, cpuMs, peakBytes } = medians(costs);
    const peak = `${(peakBytes / megabyte).toFixed(0)} MB`;
    return [
      name,
      milliseconds(wallMs),
      ratio(wallMs, peer.wallMs),
      milliseconds(cpuMs),
      ratio(cpuMs, peer.cpuMs),
      peak,
      ratio(peakBytes, peer.peakBytes),
    ];
  });
  const head = [
    '',
    'wall, median',
    "of skopeo's",
    'CPU, median',
    "of skopeo's",
    'peak memory',
    "of skopeo's",
  ];
  printTable(`${title}, ${rounds} rounds`, head, rows);

  const own = medians(results.get(library) ?? []);
  if (own.wallMs > maxRatio * peer.wallMs) fail(`${title}: the library takes longer than skopeo`);
  if (own.peakBytes > maxPeakBytes)
    fail(`${title}: the library needs more than ${maxPeakBytes / megabyte} MB`);
}

/** Of the memory, the most. */
function medians(costs: readonly Cost[]): Cost {
  return {
    wallMs: summarize(costs.map(({ wallMs }) => wallMs)).median,
    cpuMs: summarize(costs.map(({ cpuMs }) => cpuMs)).median,
    peakBytes: Math.max(...costs.map(({ peakBytes }) => peakBytes)),
  };
}

const ratio = (value: number, of: number): string => `${(value / of).toFixed(2)}x`;

function fail(problem: string): void {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}
