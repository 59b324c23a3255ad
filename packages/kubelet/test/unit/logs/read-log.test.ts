import { appendFile, mkdir, mkdtemp, readdir, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readLog } from '../../../src/logs/read-log.ts';
import type { ReadLogOptions } from '../../../src/logs/read-log.ts';
import { virtualClock } from '../../../src/testing/virtual-clock.ts';

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wasmlet-logs-'));
  path = join(directory, '0.log');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const at = (second: number): string => `2026-01-01T00:00:${String(second).padStart(2, '0')}.000000000Z`;
const out = (second: number, text: string, tag = 'F'): string => `${at(second)} stdout ${tag} ${text}\n`;
const err = (second: number, text: string, tag = 'F'): string => `${at(second)} stderr ${tag} ${text}\n`;
const read = (options: Partial<ReadLogOptions> = {}): Promise<string> =>
  collect(readLog({ path, ...options }));

async function collect(log: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await chunksOf(log)).toString();
}

async function chunksOf(log: AsyncIterable<Uint8Array>): Promise<readonly Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of log) chunks.push(chunk);
  return chunks;
}

describe('reading what is there', () => {
  test('shows the lines of both streams in their order without the CRI header', async () => {
    await writeFile(path, out(1, 'one') + err(2, 'two') + out(3, ''));
    expect(await read()).toBe('one\ntwo\n\n');
  });

  test('of a run that wrote nothing, or has no file yet, is empty', async () => {
    expect(await read()).toBe('');
    await writeFile(path, '');
    expect(await read()).toBe('');
    expect(await read({ path: join(directory, 'none', '0.log') })).toBe('');
  });

  test('joins partial lines', async () => {
    await writeFile(path, out(1, 'abc', 'P') + out(2, 'def', 'P') + out(3, 'ghi') + out(4, 'next'));
    expect(await read()).toBe('abcdefghi\nnext\n');
    expect(await read({ timestamps: true })).toBe(`${at(1)} abcdefghi\n${at(4)} next\n`);
  });

  test('keeps lines of the two streams apart when one writes within a line of the other', async () => {
    await writeFile(path, out(1, 'abc', 'P') + err(2, 'oops') + out(3, 'def'));
    expect(await read()).toBe('abc\noops\ndef\n');
    expect(await read({ stream: 'Stdout' })).toBe('abcdef\n');
  });

  test('goes through rotated files from the oldest to the current one', async () => {
    await writeFile(path, out(9, 'current'));
    await writeFile(`${path}.20260101-000002`, out(2, 'second'));
    await writeFile(`${path}.20260101-000001`, out(1, 'first'));
    await writeFile(`${path}.20260101-000002.1`, out(3, 'third'));
    expect(await read()).toBe('first\nsecond\nthird\ncurrent\n');
  });

  test('leaves other runs and other files alone', async () => {
    await writeFile(path, out(1, 'mine'));
    await writeFile(join(directory, '10.log'), out(1, 'run 10'));
    await writeFile(`${path}.tmp`, out(1, 'temporary'));
    await writeFile(`${path}.20260101-000001.gz`, 'compressed');
    expect(await read()).toBe('mine\n');
  });

  test('skips lines that are not in CRI format', async () => {
    await writeFile(path, `${out(1, 'one')}garbage\n\n${out(2, 'two')}`);
    expect(await read()).toBe('one\ntwo\n');
  });

  test('shows the unfinished line that a killed writer left', async () => {
    await writeFile(path, out(1, 'one') + out(2, 'tw').slice(0, -1));
    expect(await read()).toBe('one\ntw');
  });

  test('ends an unfinished line where a rotated file ends', async () => {
    await writeFile(`${path}.20260101-000001`, out(1, 'torn').slice(0, -1));
    await writeFile(path, out(2, 'two'));
    expect(await read()).toBe('torn\ntwo\n');
  });

  test('passes on bytes that are no UTF-8', async () => {
    await writeFile(
      path,
      Buffer.concat([Buffer.from(`${at(1)} stdout F `), Buffer.from([0xff, 0xfe, 0x0a])]),
    );
    const chunks = await chunksOf(readLog({ path }));
    expect(Buffer.concat(chunks)).toEqual(Buffer.from([0xff, 0xfe, 0x0a]));
  });

  test('takes megabytes in chunks of about a block', async () => {
    const line = 'x'.repeat(1_000);
    await writeFile(path, out(1, line).repeat(5_000));
    const chunks = await chunksOf(readLog({ path }));
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThan(200_000);
    expect(Buffer.concat(chunks).toString()).toBe(`${line}\n`.repeat(5_000));
  });
});

describe('tailLines', () => {
  test.each([
    [0, ''],
    [1, 'line 9\n'],
    [3, 'line 7\nline 8\nline 9\n'],
    [10, Array.from({ length: 10 }, (_, index) => `line ${index}\n`).join('')],
    [11, Array.from({ length: 10 }, (_, index) => `line ${index}\n`).join('')],
  ])('%d of ten lines', async (tailLines, expected) => {
    await writeFile(path, lines(10));
    expect(await read({ tailLines })).toBe(expected);
  });

  test('reaches back into rotated files', async () => {
    await writeFile(`${path}.20260101-000001`, out(1, 'a') + out(1, 'b'));
    await writeFile(`${path}.20260101-000002`, out(1, 'c'));
    await writeFile(path, out(1, 'd'));
    expect(await read({ tailLines: 1 })).toBe('d\n');
    expect(await read({ tailLines: 2 })).toBe('c\nd\n');
    expect(await read({ tailLines: 3 })).toBe('b\nc\nd\n');
    expect(await read({ tailLines: 9 })).toBe('a\nb\nc\nd\n');
  });

  test('counts a line in several parts as one', async () => {
    await writeFile(
      path,
      out(1, 'first') + out(1, 'a', 'P') + out(1, 'b', 'P') + out(1, 'c') + out(1, 'last'),
    );
    expect(await read({ tailLines: 2 })).toBe('abc\nlast\n');
    expect(await read({ tailLines: 3 })).toBe('first\nabc\nlast\n');
  });

  test('counts a line that is still open', async () => {
    await writeFile(path, out(1, 'first') + out(1, 'second') + out(1, 'prompt> ', 'P'));
    expect(await read({ tailLines: 1 })).toBe('prompt> ');
    expect(await read({ tailLines: 2 })).toBe('second\nprompt> ');
    expect(await read({ tailLines: 0 })).toBe('');
  });

  test('counts only lines of the chosen stream', async () => {
    await writeFile(path, err(1, 'e1') + out(1, 'o1') + err(1, 'e2') + out(1, 'o2') + out(1, 'o3'));
    expect(await read({ tailLines: 2, stream: 'Stderr' })).toBe('e1\ne2\n');
    expect(await read({ tailLines: 1, stream: 'Stderr' })).toBe('e2\n');
  });

  test('finds lines that are longer than a block or lie across blocks', async () => {
    const long = 'y'.repeat(150_000);
    await writeFile(path, out(1, 'first') + out(1, long) + out(1, 'last'));
    expect(await read({ tailLines: 1 })).toBe('last\n');
    expect(await read({ tailLines: 2 })).toBe(`${long}\nlast\n`);
    expect(await read({ tailLines: 3 })).toBe(`first\n${long}\nlast\n`);
  });

  test.each([63, 64, 65, 1_000, 4_321])(
    'agrees with a plain count over lines of %d bytes',
    async (length) => {
      const all = Array.from({ length: 300 }, (_, index) => String(index).padEnd(length, '.'));
      await writeFile(path, all.map((line) => out(1, line)).join(''));
      for (const tailLines of [1, 2, 59, 60, 61, 150, 299, 300]) {
        expect(await read({ tailLines })).toBe(`${all.slice(-tailLines).join('\n')}\n`);
      }
    },
  );
});

describe('since, limitBytes, timestamps and stream', () => {
  beforeEach(() => writeFile(path, out(1, 'one') + err(2, 'two') + out(3, 'three')));

  test.each<[string, Partial<ReadLogOptions>, string]>([
    ['since the second line', { since: new Date(at(2)) }, 'two\nthree\n'],
    ['since before the first', { since: new Date(0) }, 'one\ntwo\nthree\n'],
    ['since the future', { since: new Date('2030-01-01T00:00:00Z') }, ''],
    ['the last two, but since the third', { tailLines: 2, since: new Date(at(3)) }, 'three\n'],
    ['six bytes', { limitBytes: 6 }, 'one\ntw'],
    ['one byte', { limitBytes: 1 }, 'o'],
    ['no byte', { limitBytes: 0 }, ''],
    ['more bytes than there are', { limitBytes: 1_000 }, 'one\ntwo\nthree\n'],
    ['bytes of the tail', { tailLines: 1, limitBytes: 3 }, 'thr'],
    ['stdout', { stream: 'Stdout' }, 'one\nthree\n'],
    ['stderr', { stream: 'Stderr' }, 'two\n'],
    ['times', { timestamps: true }, `${at(1)} one\n${at(2)} two\n${at(3)} three\n`],
    ['times of stderr', { timestamps: true, stream: 'Stderr' }, `${at(2)} two\n`],
    ['bytes with times', { timestamps: true, limitBytes: 33 }, `${at(1)} on`],
  ])('%s', async (_title, options, expected) => {
    expect(await read(options)).toBe(expected);
  });
});

test('a limit that is reached within the unfinished line of a rotated file loses nothing before it', async () => {
  await writeFile(`${path}.20260101-000001`, out(1, 'one') + out(2, 'torn').slice(0, -1));
  await writeFile(path, out(3, 'three'));
  expect(await read({ limitBytes: 6 })).toBe('one\nto');
});

describe('following', () => {
  test('delivers what is written and ends with the run, everything delivered', async () => {
    const run = Promise.withResolvers<void>();
    await writeFile(path, out(1, 'before'));
    const log = readLog({ path, followUntil: run.promise });
    expect(await until(log, 'before')).toBe('before\n');
    await appendFile(path, out(2, 'during'));
    expect(await until(log, 'during')).toBe('during\n');
    await appendFile(path, out(3, 'last') + out(4, 'words', 'P'));
    run.resolve();
    expect(await collect(log)).toBe('last\nwords');
  });

  test('waits for the first line of a run that has no file yet', async () => {
    const run = Promise.withResolvers<void>();
    const log = readLog({ path, followUntil: run.promise });
    const first = log.next();
    await writeFile(path, out(1, 'hello'));
    expect(Buffer.from((await first).value as Uint8Array).toString()).toBe('hello\n');
    run.resolve();
    expect(await collect(log)).toBe('');
  });

  test('of a run that has ended reads it and ends', async () => {
    await writeFile(path, out(1, 'all'));
    expect(await read({ followUntil: Promise.resolve() })).toBe('all\n');
  });

  test('ends as well when the end of the run is a failure', async () => {
    await writeFile(path, out(1, 'all'));
    expect(await read({ followUntil: Promise.reject(new Error('gone')) })).toBe('all\n');
  });

  test('starts at the end with tailLines 0', async () => {
    const run = Promise.withResolvers<void>();
    await writeFile(path, out(1, 'old'));
    const log = readLog({ path, followUntil: run.promise, tailLines: 0 });
    const first = log.next();
    // The position is taken before anything new is written.
    await openedLog(path);
    await appendFile(path, out(2, 'new'));
    expect(Buffer.from((await first).value as Uint8Array).toString()).toBe('new\n');
    run.resolve();
    expect(await collect(log)).toBe('');
  });

  test('joins a line that comes in parts', async () => {
    const run = Promise.withResolvers<void>();
    await writeFile(path, out(1, 'name: ', 'P'));
    const log = readLog({ path, followUntil: run.promise });
    expect(await until(log, 'name')).toBe('name: ');
    await appendFile(path, out(2, 'x').slice(0, 10));
    await appendFile(path, out(2, 'x').slice(10));
    expect(await until(log, 'x')).toBe('x\n');
    run.resolve();
    expect(await collect(log)).toBe('');
  });

  test('survives rotation, several at once as well, and loses nothing', async () => {
    const run = Promise.withResolvers<void>();
    await writeFile(path, out(1, 'a'));
    const log = readLog({ path, followUntil: run.promise });
    await until(log, 'a');
    await appendFile(path, out(2, 'b'));
    await rename(path, `${path}.20260101-000001`);
    await writeFile(path, out(3, 'c'));
    await rename(path, `${path}.20260101-000002`);
    await writeFile(path, out(4, 'd'));
    expect(await until(log, 'd')).toBe('b\nc\nd\n');
    await rename(path, `${path}.20260101-000003`);
    await rm(`${path}.20260101-000001`);
    await writeFile(path, out(5, 'e'));
    expect(await until(log, 'e')).toBe('e\n');
    run.resolve();
    expect(await collect(log)).toBe('');
  });

  test('sees every line of a writer that rotates all the time', async () => {
    const run = Promise.withResolvers<void>();
    const reading = collect(readLog({ path, followUntil: run.promise }));
    for (let line = 0; line < 200; line++) {
      await appendFile(path, out(1, String(line)));
      if (line % 10 === 9) await rename(path, `${path}.20260101-${String(line).padStart(6, '0')}`);
    }
    run.resolve();
    expect(await reading).toBe(Array.from({ length: 200 }, (_, line) => `${line}\n`).join(''));
  });

  test('stops at limitBytes while the run goes on', async () => {
    await writeFile(path, out(1, 'abcdef'));
    expect(await read({ followUntil: new Promise(() => {}), limitBytes: 4 })).toBe('abcd');
  });

  test('ends with the signal’s reason and leaves no file open', async () => {
    await writeFile(path, out(1, 'a'));
    const controller = new AbortController();
    const log = readLog({ path, followUntil: new Promise(() => {}), signal: controller.signal });
    await until(log, 'a');
    const next = log.next();
    controller.abort(new Error('client left'));
    await expect(next).rejects.toThrow('client left');
    expect(await openDescriptors(directory)).toEqual([]);
  });

  test('ends when the consumer stops reading and leaves no file open', async () => {
    await writeFile(path, out(1, 'a'));
    const log = readLog({ path, followUntil: new Promise(() => {}) });
    await until(log, 'a');
    await log.return();
    expect(await openDescriptors(directory)).toEqual([]);
  });

  test('does not start with a signal that has aborted', async () => {
    await expect(read({ signal: AbortSignal.abort(new Error('too late')) })).rejects.toThrow('too late');
  });

  test('looks once a second where no file events can be had', async () => {
    const time = virtualClock();
    const run = Promise.withResolvers<void>();
    path = join(directory, 'later', '0.log');
    const log = readLog({ path, followUntil: run.promise, clock: time.clock });
    const first = log.next();
    while (time.sleeping === 0) await openedLog(path);
    await mkdir(dirname(path));
    await writeFile(path, out(1, 'hello'));
    await time.advance(1_000);
    expect(Buffer.from((await first).value as Uint8Array).toString()).toBe('hello\n');
    run.resolve();
    expect(await collect(log)).toBe('');
  });
});

async function openDescriptors(below: string): Promise<readonly string[]> {
  if (process.platform !== 'linux') return [];
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return links.filter((link) => link.startsWith(below));
}

const lines = (count: number): string =>
  Array.from({ length: count }, (_, index) => out(1, `line ${index}`)).join('');

/** Reads until what has come together contains `text`. */
async function until(log: AsyncGenerator<Uint8Array>, wanted: string): Promise<string> {
  let seen = '';
  while (!seen.includes(wanted)) {
    const { value, done } = await log.next();
    if (done) throw new Error(`the log ended after ${JSON.stringify(seen)}`);
    seen += Buffer.from(value).toString();
  }
  return seen;
}

/** Gives a reader that has just been started the time to open its files: reads them itself, several times. */
async function openedLog(file: string): Promise<void> {
  for (let round = 0; round < 5; round++) await collect(readLog({ path: file, tailLines: 0 }));
}
