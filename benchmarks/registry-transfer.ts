import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { startAnonymousRegistry } from '@wasmlet/e2e/registry';
import { buildRegistryTools } from '@wasmlet/e2e/registry-tools';
import {
  copy,
  createMemoryStore,
  createRegistryClient,
  type Descriptor,
  openLayoutStore,
  parseReference,
  type RegistryClient,
} from '@wasmlet/oci-wasm';
import { milliseconds, printTable, summarize } from './statistics.ts';

const rounds = 5;
const megabyte = 1_000_000;
const loads = { '1 × 50 MB': [50 * megabyte], '200 × 100 kB': Array.from({ length: 200 }, () => 100_000) };

/** Pull and push of whole images, registry on loopback and a layout on disk, beside skopeo and crane; interleaved. */
export async function registryTransfer(): Promise<void> {
  await using registry = await startAnonymousRegistry();
  await using client = createRegistryClient();
  const tools = await buildRegistryTools();
  const scratch = await mkdtemp(join(tmpdir(), 'wasmlet-bench-'));
  try {
    for (const [load, sizes] of Object.entries(loads)) {
      const name = `bench/${sizes.length}`;
      const reference = `${registry.host}/${name}:v1`;
      await provide(client, reference, sizes);
      await compare(`Pull of ${load} to a layout`, pulls({ client, reference, scratch, tools }));
      const layout = join(scratch, `layout-${sizes.length}`);
      await run('skopeo', ['copy', '--src-tls-verify=false', `docker://${reference}`, `oci:${layout}:v1`]);
      await compare(`Push of ${load} from a layout`, pushes({ client, host: registry.host, layout, tools }));
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

type Contender = (round: number) => Promise<void>;

interface PullInput {
  readonly client: RegistryClient;
  readonly reference: string;
  readonly scratch: string;
  readonly tools: string;
}

function pulls({ client, reference, scratch, tools }: PullInput): Record<string, Contender> {
  const into = (name: string, round: number): string => join(scratch, `${name}-${round}`);
  return {
    [own]: async (round) => {
      const store = await openLayoutStore(into('own', round));
      await copy({ from: client.repository(parseReference(reference)), to: store, source: reference });
    },
    skopeo: (round) =>
      run('skopeo', [
        'copy',
        '--src-tls-verify=false',
        `docker://${reference}`,
        `oci:${into('skopeo', round)}:v1`,
      ]),
    crane: (round) =>
      run(join(tools, 'crane'), ['pull', '--insecure', '--format=oci', reference, into('crane', round)]),
  };
}

interface PushInput {
  readonly client: RegistryClient;
  readonly host: string;
  /** Written by skopeo, with the name `v1`. */
  readonly layout: string;
  readonly tools: string;
}

/** Each round goes to a repository of its own, or there would be nothing to push. */
function pushes({ client, host, layout, tools }: PushInput): Record<string, Contender> {
  const target = (name: string, round: number): string => `${host}/${name}/${Date.now()}-${round + 10}:v1`;
  return {
    [own]: async (round) => {
      const destination = target('own', round);
      const store = await openLayoutStore(layout);
      const { digest } = await store.resolveName('v1');
      const source = `${host}/layout@${digest}`;
      await copy({ from: store, to: client.repository(parseReference(destination)), source, destination });
    },
    skopeo: (round) =>
      run('skopeo', [
        'copy',
        '--dest-tls-verify=false',
        `oci:${layout}:v1`,
        `docker://${target('skopeo', round)}`,
      ]),
    crane: (round) => run(join(tools, 'crane'), ['push', '--insecure', layout, target('crane', round)]),
  };
}

const own = '@wasmlet/oci-wasm, warm process';

async function compare(title: string, contenders: Record<string, Contender>): Promise<void> {
  const samples = new Map<string, number[]>(Object.keys(contenders).map((name) => [name, []]));
  const cpu: number[] = [];
  for (let round = -1; round < rounds; round += 1) {
    for (const [name, transfer] of Object.entries(contenders)) {
      const used = process.cpuUsage();
      const begin = performance.now();
      await transfer(round);
      if (round < 0) continue;
      samples.get(name)?.push(performance.now() - begin);
      const { user, system } = process.cpuUsage(used);
      if (name === own) cpu.push((user + system) / 1000);
    }
  }
  const skopeo = summarize(samples.get('skopeo') ?? []).median;
  const rows = [...samples].map(([name, values]) => {
    const { min, median, max } = summarize(values);
    const ratio = `${(median / skopeo).toFixed(2)}x`;
    return [name, milliseconds(min), milliseconds(median), milliseconds(max), ratio];
  });
  const memory = `${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`;
  printTable(
    `${title}, ${rounds} rounds; own CPU time ${milliseconds(summarize(cpu).median)}, peak memory so far ${memory}`,
    ['', 'min', 'median', 'max', "of skopeo's"],
    rows,
  );
}

async function provide(client: RegistryClient, text: string, sizes: readonly number[]): Promise<void> {
  const reference = parseReference(text);
  const store = createMemoryStore();
  const write = async (mediaType: string, bytes: Uint8Array): Promise<Descriptor> => {
    const descriptor: Descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    await store.write(descriptor, async function* () {
      yield bytes;
    });
    return descriptor;
  };
  const layers: Descriptor[] = [];
  for (const size of sizes)
    layers.push(await write('application/vnd.oci.image.layer.v1.tar', randomBytes(size)));
  const rootfs = { type: 'layers', diff_ids: layers.map(({ digest }) => digest) };
  const config = await write(
    'application/vnd.oci.image.config.v1+json',
    Buffer.from(JSON.stringify({ architecture: 'wasm', os: 'wasi', config: {}, rootfs })),
  );
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers }));
  const descriptor = await write(mediaType, bytes);
  await store.tag({ descriptor, bytes }, reference);
  await copy({ from: store, to: client.repository(reference), source: reference });
}

function digestOf(bytes: Uint8Array): Descriptor['digest'] {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const first = program === 'skopeo' ? ['--insecure-policy'] : [];
  await promisify(execFile)(program, [...first, ...args]);
}
