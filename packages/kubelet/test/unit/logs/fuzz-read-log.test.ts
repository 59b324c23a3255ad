import { appendFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LogStream } from '../../../src/logs/log-selection.ts';
import { readLog, type ReadLogOptions } from '../../../src/logs/read-log.ts';
import { faultsOf, fuzzTimeoutMs, pick, type Random } from '../../../../../tooling/faults-of.ts';
import { randomLog } from '../../fixtures/random-log.ts';

// Guests write what is in a log, and whoever kills them cuts it anywhere: it is read as another reader of the format reads it, from
// its beginning and from its end. Seeded, so that a failure can be repeated; with FUZZ_SECONDS, each test goes on so much longer
// with other seeds.
const timeout = fuzzTimeoutMs;

let directory: string;
let path: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wasmlet-fuzz-logs-'));
  path = join(directory, '0.log');
});
afterAll(() => rm(directory, { recursive: true }));

interface Query {
  readonly files: readonly Buffer[];
  readonly stream: LogStream;
  readonly tailLines: number;
  readonly limitBytes: number;
  readonly since: Date;
}

function randomQuery(random: Random, spoils: boolean): Query {
  return {
    files: randomLog(random, spoils),
    stream: pick(random, ['All', 'Stdout', 'Stderr'] as const),
    tailLines: random(12),
    limitBytes: random(400),
    since: new Date(Date.UTC(2026, 0, 1, 0, 0, random(10), random(1_000))),
  };
}

interface Line {
  readonly stream: string;
  readonly time: string;
  readonly content: string;
  /** Whether it ends a line of output; `torn` if nobody knows. */
  readonly end: 'full' | 'part' | 'torn';
}

/** The lines of the format in files, byte for byte. */
function linesIn(files: readonly Buffer[]): readonly Line[] {
  return files.flatMap((file, index) => {
    const lines = file.toString('latin1').split('\n');
    const cut = lines.pop() ?? '';
    const isLast = index === files.length - 1;
    return [...lines.map((line) => lineOf(line, false)), lineOf(cut, isLast)].flatMap((line) => line ?? []);
  });
}

function lineOf(text: string, isTorn: boolean): Line | undefined {
  const match = /^([^ ]{1,40}) (stdout|stderr) ([FP])[^ ]*(?: ([^]*))?$/.exec(text);
  if (match === null) return undefined;
  const [, time = '', stream = '', tag, content = ''] = match;
  return { stream, time, content, end: isTorn ? 'torn' : tag === 'F' ? 'full' : 'part' };
}

/** Lines of output as they are shown; the last may have no end. */
function outputOf(lines: readonly Line[]): readonly string[] {
  const output: string[] = [];
  let open: string | undefined;
  for (const { stream, content, end } of lines) {
    if (open !== undefined && open !== stream) output.push(`${output.pop()}\n`);
    output.push(`${open === stream ? output.pop() : ''}${content}${end === 'full' ? '\n' : ''}`);
    open = end === 'full' ? undefined : stream;
  }
  return output;
}

async function read(options: Partial<ReadLogOptions>): Promise<string> {
  return collect(readLog({ path, ...options }));
}

async function collect(log: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of log) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
}

/** Rotated files are named by the time of the rotation; a log is one of them and the current one. */
async function write(files: readonly Buffer[]): Promise<void> {
  await rm(directory, { recursive: true });
  await mkdir(directory);
  await Promise.all(
    files.map((file, index) => writeFile(index === files.length - 1 ? path : rotated(index), file)),
  );
}

const rotated = (index: number): string => `${path}.20260101-00000${index}`;

async function fault({ files, stream, tailLines, limitBytes, since }: Query): Promise<string | undefined> {
  await write(files);
  const lines = linesIn(files).filter((line) => stream === 'All' || stream.toLowerCase() === line.stream);
  const output = outputOf(lines);
  const all = output.join('');
  if ((await read({ stream })) !== all) return 'is read as something else';
  if ((await read({ stream, limitBytes })) !== all.slice(0, limitBytes))
    return 'is limited to something else';
  const later = outputOf(lines.filter(({ time }) => !(Date.parse(time) < since.getTime()))).join('');
  if ((await read({ stream, since })) !== later) return 'is something else since then';
  const tail = await read({ stream, tailLines });
  if (!all.endsWith(tail)) return 'has a tail that is not at its end';
  if (stream === 'All') return undefined; // a line that the other stream breaks is shown as two, and counts as one
  const wanted = tailLines === 0 ? [] : output.slice(-tailLines);
  return tail === wanted.join('') ? undefined : 'has another tail';
}

const show = ({ files, ...query }: Query): string =>
  JSON.stringify({ ...query, files: files.map((file) => file.toString('latin1')) }).slice(0, 4_000);

const asWritten = (random: Random): Query => randomQuery(random, false);
const spoilt = (random: Random): Query => randomQuery(random, true);

test('logs are read as they are, from both ends', { timeout }, async () => {
  expect(await faultsOf({ rounds: 250, make: asWritten, read: fault, show })).toEqual([]);
});

test('spoilt logs are read as far as they are in the format', { timeout }, async () => {
  expect(await faultsOf({ rounds: 250, make: spoilt, read: fault, show })).toEqual([]);
});

/** Reads a log while it is written in pieces, and rotated. */
async function followed({ files, limitBytes }: Query): Promise<string | undefined> {
  await write([]);
  const run = Promise.withResolvers<void>();
  const reading = collect(readLog({ path, followUntil: run.promise }));
  for (const [index, file] of files.entries()) {
    const step = 1 + limitBytes + Math.ceil(file.length / 20);
    await writeFile(path, '');
    for (let at = 0; at < file.length; at += step) await appendFile(path, file.subarray(at, at + step));
    if (index < files.length - 1) await rename(path, rotated(index));
  }
  run.resolve();
  const all = outputOf(linesIn(files)).join('');
  return (await reading) === all ? undefined : 'is followed as something else';
}

test('logs are followed as they are, in whatever pieces they come', { timeout }, async () => {
  expect(await faultsOf({ rounds: 100, make: spoilt, read: followed, show })).toEqual([]);
});
