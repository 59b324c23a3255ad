import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { printTable, summarize } from '../statistics.ts';
import { type Contender, startServer } from './contenders.ts';
import { peakBytes, useOf } from './process-tree.ts';

const rounds = 3;
const totalBytes = 1_000_000_000;
const chunk = Buffer.alloc(256 * 1024, 'a');

interface Sample {
  readonly perSecond: number;
  readonly cpuMs: number;
}

/** A gigabyte to a server and back, through a guest and by node's own pipe. */
export async function streaming(component: string): Promise<void> {
  await using pipe = await startServer("node's pipe", 'echo');
  await using guest = await startServer('a guest', 'serve-reused', component);
  const contenders = [pipe, guest];
  const samples = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]));
  const before = new Map<string, number>();
  for (let round = -1; round < rounds; round += 1) {
    for (const contender of contenders) {
      const sample = await measure(contender, round < 0 ? totalBytes / 2 : totalBytes);
      if (round < 0) before.set(contender.name, await peakBytes(contender.pid));
      else samples.get(contender.name)?.push(sample);
    }
  }
  const peer = summarize((samples.get(pipe.name) ?? []).map(({ perSecond }) => perSecond)).median;
  const rows = contenders.map(async ({ name, pid }) => {
    const of = samples.get(name) ?? [];
    const perSecond = summarize(of.map((sample) => sample.perSecond)).median;
    const [early, late] = [before.get(name) ?? 0, await peakBytes(pid)];
    return [
      name,
      `${(perSecond / 1e6).toFixed(0)} MB/s`,
      (perSecond / peer).toFixed(2),
      `${summarize(of.map(({ cpuMs }) => cpuMs)).median.toFixed(0)} ms`,
      `${megabytes(early)}, ${megabytes(late)}`,
    ];
  });
  printTable(
    `1 GB there and back, ${rounds} rounds interleaved, medians`,
    ['', 'rate', 'ratio', 'CPU', 'peak memory after 0.5 GB, after 3.5 GB'],
    await Promise.all(rows),
  );
}

async function measure({ url, pid }: Contender, bytes: number): Promise<Sample> {
  const before = await useOf(pid);
  const begin = performance.now();
  const received = await sendAndReceive(url, bytes);
  const elapsedMs = performance.now() - begin;
  if (received !== bytes) throw new Error(`${received} of ${bytes} bytes came back`);
  return { perSecond: (bytes / elapsedMs) * 1_000, cpuMs: (await useOf(pid)).cpuMs - before.cpuMs };
}

async function sendAndReceive(url: string, bytes: number): Promise<number> {
  const sent = request(url, { method: 'POST' });
  const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
  const sending = (async () => {
    for (let left = bytes; left > 0; left -= chunk.length) {
      const piece = left < chunk.length ? chunk.subarray(0, left) : chunk;
      if (!sent.write(piece)) await once(sent, 'drain');
    }
    sent.end();
  })();
  const [response] = await answered;
  let received = 0;
  response.on('data', (piece: Buffer) => (received += piece.length));
  await Promise.all([once(response, 'end'), sending]);
  return received;
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MB`;
}
