import {
  appendFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { numberOf } from '../../../src/preview2/error-code.ts';
import { type Preview2Guest, startPreview2 } from '../../fixtures/preview2-guest.ts';

const types = 'wasi:filesystem/types';
const streams = 'wasi:io/streams';
const flag = { read: 1, write: 2, mutate: 32 };
const openFlag = { create: 1, directory: 2, exclusive: 4, truncate: 8 };
const code = (name: Parameters<typeof numberOf>[0]) => numberOf(name);

let directory: string;
let guest: Preview2Guest;
/** The mount's descriptor. */
let top: number;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'preview2-'));
  mkdirSync(join(directory, 'inside/sub'), { recursive: true });
  writeFileSync(join(directory, 'outside'), 'secret');
  writeFileSync(join(directory, 'inside/hello'), 'Hello, World!');
  symlinkSync('hello', join(directory, 'inside/link'));
  symlinkSync('../outside', join(directory, 'inside/escape'));
  symlinkSync('/etc/passwd', join(directory, 'inside/absolute'));
});

afterEach(() => {
  guest.host.close();
  rmSync(directory, { recursive: true });
});

async function mount(readOnly = false, maxDescriptors = 64): Promise<void> {
  guest = await startPreview2({
    mounts: [{ hostPath: join(directory, 'inside'), guestPath: '/data', readOnly }],
    maxDescriptors,
  });
  const preopens = guest.call('wasi:filesystem/preopens', 'get-directories');
  const list = preopens.u32(0);
  const view = guest.guest.view();
  top = view.getUint32(list, true);
  const name = guest.guest.span(view.getUint32(list + 4, true), view.getUint32(list + 8, true));
  expect(Buffer.from(name).toString()).toBe('/data');
}

const method = (
  name: string,
  ...values: Parameters<Preview2Guest['call']> extends [string, string, ...infer V] ? V : never
) => guest.call(types, `[method]descriptor.${name}`, ...values);

/** The handle of what was opened, or what it was refused with. */
function open(
  path: string,
  how: { path?: number; open?: number; flags?: number } = {},
): number | { refused: number } {
  const answer = method('open-at', top, how.path ?? 0, path, how.open ?? 0, how.flags ?? flag.read);
  return answer.u8(0) === 0 ? answer.u32(4) : { refused: answer.u8(4) };
}

function opened(...how: Parameters<typeof open>): number {
  const handle = open(...how);
  if (typeof handle !== 'number') throw new Error(`refused: ${handle.refused}`);
  return handle;
}

const refusal = (name: Parameters<typeof numberOf>[0]) => ({ refused: code(name) });
const told = (answer: { u8(at: number): number }, payloadAt = 1) =>
  answer.u8(0) === 0 ? 'done' : { refused: answer.u8(payloadAt) };

const hash = (answer: { u64(at: number): bigint }) => [answer.u64(8), answer.u64(16)];

function write(stream: number, text: string): void {
  const written = guest.call(streams, '[method]output-stream.blocking-write-and-flush', stream, text);
  expect(written.u8(0)).toBe(0);
}

describe.skipIf(process.platform !== 'linux')('paths', () => {
  test.each([
    ['/data/hello', 'not-permitted'],
    ['../outside', 'not-permitted'],
    ['sub/../../outside', 'not-permitted'],
    ['', 'no-entry'],
    ['missing', 'no-entry'],
    ['hello/below', 'not-directory'],
    ['hello/', 'not-directory'],
    ['hel\0lo', 'invalid'],
    ['x'.repeat(300), 'name-too-long'],
    ['x/'.repeat(3_000), 'name-too-long'],
    ['link', 'loop'],
  ] as const)('%j is refused: %s', async (path, name) => {
    await mount();
    expect(open(path)).toEqual(refusal(name));
  });

  test('lead through links inside of the mount, and never out of it', async () => {
    await mount();
    const handle = opened('link', { path: 1 });
    expect(method('read', handle, 100n, 0n).text(4)).toBe('Hello, World!');
    expect(open('escape', { path: 1 })).toEqual(refusal('not-permitted'));
    expect(open('absolute', { path: 1 })).toEqual(refusal('not-permitted'));
    expect(told(method('stat-at', top, 1, 'escape'), 8)).toEqual(refusal('not-permitted'));
  });

  test('that are not UTF-8 end the guest by a trap', async () => {
    await mount();
    expect(() => open(Uint8Array.of(0xff) as unknown as string)).toThrow(WebAssembly.RuntimeError);
  });
});

describe.skipIf(process.platform !== 'linux')('open-at', () => {
  test.each([
    ['a directory that is a file', 'hello', openFlag.directory, flag.read, 'not-directory'],
    ['a directory to write', 'sub', 0, flag.write, 'is-directory'],
    ['a directory to be created', 'new', openFlag.create | openFlag.directory, flag.read, 'invalid'],
    ['what is there, exclusively', 'hello', openFlag.create | openFlag.exclusive, flag.read, 'exist'],
    [
      'what is there by a link, exclusively',
      'link',
      openFlag.create | openFlag.exclusive,
      flag.read,
      'exist',
    ],
    ['below a file', 'hello/new', openFlag.create, flag.read, 'not-directory'],
  ] as const)('refuses %s', async (_what, path, openFlags, flags, name) => {
    await mount();
    expect(open(path, { open: openFlags, flags, path: 1 })).toEqual(refusal(name));
  });

  test('refuses to go below a file', async () => {
    await mount();
    const file = opened('hello');
    expect(told(method('open-at', file, 0, 'x', 0, 1), 4)).toEqual(refusal('not-directory'));
    expect(told(method('read', top, 1n, 0n), 4)).toEqual(refusal('bad-descriptor'));
    expect(told(method('read-via-stream', top, 0n), 4)).toEqual(refusal('is-directory'));
  });

  test('refuses more than may be open at once, until one is dropped', async () => {
    await mount(false, 4);
    const first = opened('hello');
    opened('hello');
    expect(open('hello')).toEqual(refusal('insufficient-memory'));
    const { descriptorType } = await import('../../../src/preview2/descriptor.ts');
    guest.guest.handles.take(descriptorType, first).release();
    opened('hello');
  });

  test('creates and truncates, and says what a descriptor may do', async () => {
    await mount();
    const created = opened('new', { open: openFlag.create, flags: flag.read });
    expect(method('get-flags', created).u8(1)).toBe(flag.read | flag.write);
    expect(method('get-flags', top).u8(1)).toBe(flag.read | flag.mutate);
    expect(method('get-type', top).u8(1)).toBe(3);
    expect(method('get-type', created).u8(1)).toBe(6);
    opened('hello', { open: openFlag.truncate, flags: flag.write });
    expect(readFileSync(join(directory, 'inside/hello'), 'utf8')).toBe('');
  });
});

describe.skipIf(process.platform !== 'linux')('bytes of a file', () => {
  test('are read and written at any place', async () => {
    await mount();
    const file = opened('hello', { flags: flag.read | flag.write });
    expect(method('write', file, 'WASI!', 7n).u64(8)).toBe(5n);
    const read = method('read', file, 6n, 7n);
    expect([read.text(4), read.u8(12)]).toEqual(['WASI!!', 0]);
    const end = method('read', file, 6n, 100n);
    expect([end.text(4), end.u8(12)]).toEqual(['', 1]);
    expect(told(method('read', file, 6n, -1n), 4)).toEqual(refusal('invalid'));
    expect(told(method('write', file, 'x', -1n), 8)).toEqual(refusal('invalid'));
  });

  test('are read only by who opened it for that, and written so', async () => {
    await mount();
    const reading = opened('hello');
    expect(told(method('write', reading, 'x', 0n), 8)).toEqual(refusal('bad-descriptor'));
    expect(told(method('write-via-stream', reading, 0n), 4)).toEqual(refusal('bad-descriptor'));
    expect(told(method('set-size', reading, 0n))).toEqual(refusal('invalid'));
    const writing = opened('hello', { flags: flag.write });
    expect(told(method('read', writing, 1n, 0n), 4)).toEqual(refusal('bad-descriptor'));
  });

  test('come by a stream, which outlives the descriptor', async () => {
    await mount();
    const file = opened('hello');
    const stream = method('read-via-stream', file, 7n).u32(4);
    const { descriptorType } = await import('../../../src/preview2/descriptor.ts');
    guest.guest.handles.take(descriptorType, file).release();
    expect(guest.call(streams, '[method]input-stream.blocking-read', stream, 3n).text(4)).toBe('Wor');
    expect(guest.call(streams, '[method]input-stream.read', stream, 100n).text(4)).toBe('ld!');
    const end = guest.call(streams, '[method]input-stream.read', stream, 100n);
    expect([end.u8(0), end.u8(4)]).toEqual([1, 1]);
  });

  test('go by streams: from a place on, or always to the end', async () => {
    await mount();
    const file = opened('hello', { flags: flag.read | flag.write });
    const from = method('write-via-stream', file, 5n).u32(4);
    const end = method('append-via-stream', file).u32(4);
    write(from, '. ');
    write(end, ' One.');
    appendFileSync(join(directory, 'inside/hello'), ' Two.');
    write(end, ' Three.');
    write(from, 'w');
    expect(method('read', file, 100n, 0n).text(4)).toBe('Hello. world! One. Two. Three.');
  });
});

describe.skipIf(process.platform !== 'linux')('attributes', () => {
  test('are those of the file', async () => {
    await mount();
    utimesSync(join(directory, 'inside/hello'), 1_000_000.5, 2_000_000.25);
    linkSync(join(directory, 'inside/hello'), join(directory, 'inside/second'));
    const stat = method('stat-at', top, 0, 'hello');
    expect([stat.u8(0), stat.u8(8), stat.u64(16), stat.u64(24)]).toEqual([0, 6, 2n, 13n]);
    expect([stat.u8(32), stat.u64(40), stat.u32(48)]).toEqual([1, 1_000_000n, 500_000_000]);
    expect([stat.u8(56), stat.u64(64), stat.u32(72)]).toEqual([1, 2_000_000n, 250_000_000]);
    expect(method('stat-at', top, 0, 'link').u8(8)).toBe(5);
    expect(method('stat-at', top, 1, 'link').u8(8)).toBe(6);
    expect(method('stat', opened('hello')).u64(24)).toBe(13n);
  });

  test('times are set, kept, or made now', async () => {
    await mount();
    const set = method('set-times-at', top, 0, 'hello', 2, 100n, 7, 0, 0n, 0);
    expect(told(set)).toBe('done');
    const stat = method('stat-at', top, 0, 'hello');
    expect([stat.u64(40), stat.u32(48)]).toEqual([100n, 7]);
    const file = opened('hello');
    expect(told(method('set-times', file, 0, 0n, 0, 1, 0n, 0))).toBe('done');
    const now = method('stat', file);
    expect(now.u64(40)).toBe(100n);
    expect(Math.abs(Number(now.u64(64)) - Date.now() / 1000)).toBeLessThan(60);
    expect(told(method('set-times', file, 2, -1n, 0, 0, 0n, 0))).toEqual(refusal('overflow'));
    expect(() => method('set-times', file, 3, 0n, 0, 0, 0n, 0)).toThrow(WebAssembly.RuntimeError);
  });

  test('tell whether two are the same', async () => {
    await mount();
    const [file, again, other] = [opened('hello'), opened('link', { path: 1 }), opened('sub')] as const;
    expect(method('is-same-object', file, again).value).toBe(1);
    expect(method('is-same-object', file, other).value).toBe(0);
    expect(hash(method('metadata-hash', file))).toEqual(hash(method('metadata-hash-at', top, 1, 'link')));
    expect(hash(method('metadata-hash', file))).not.toEqual(hash(method('metadata-hash', other)));
  });

  test('size can be set; advice is taken; all is flushed', async () => {
    await mount();
    const file = opened('hello', { flags: flag.write });
    expect(told(method('set-size', file, 5n))).toBe('done');
    expect(readFileSync(join(directory, 'inside/hello'), 'utf8')).toBe('Hello');
    expect(told(method('set-size', file, -1n))).toEqual(refusal('file-too-large'));
    expect(told(method('advise', file, 0n, 10n, 5))).toBe('done');
    expect(told(method('advise', top, 0n, 10n, 5))).toEqual(refusal('bad-descriptor'));
    expect(() => method('advise', file, 0n, 10n, 6)).toThrow(WebAssembly.RuntimeError);
    for (const name of ['sync', 'sync-data']) {
      expect([told(method(name, file)), told(method(name, top))]).toEqual(['done', 'done']);
    }
  });
});

describe.skipIf(process.platform !== 'linux')('names', () => {
  test('are made, moved, linked and removed', async () => {
    await mount();
    const sub = opened('sub');
    expect(told(method('create-directory-at', top, 'made'))).toBe('done');
    expect(told(method('create-directory-at', top, 'made'))).toEqual(refusal('exist'));
    expect(told(method('rename-at', top, 'hello', sub, 'moved'))).toBe('done');
    expect(told(method('link-at', sub, 0, 'moved', top, 'linked'))).toBe('done');
    expect(told(method('link-at', sub, 1, 'moved', top, 'again'))).toEqual(refusal('invalid'));
    expect(told(method('symlink-at', top, 'linked', 'soft'))).toBe('done');
    expect(told(method('symlink-at', top, '/etc', 'hard'))).toEqual(refusal('not-permitted'));
    expect(method('readlink-at', top, 'soft').text(4)).toBe('linked');
    expect(told(method('readlink-at', top, 'absolute'), 4)).toEqual(refusal('not-permitted'));
    expect(told(method('readlink-at', top, 'linked'), 4)).toEqual(refusal('invalid'));
    expect(told(method('unlink-file-at', top, 'sub'))).toEqual(refusal('is-directory'));
    expect(told(method('remove-directory-at', top, 'sub'))).toEqual(refusal('not-empty'));
    expect(told(method('remove-directory-at', top, 'linked'))).toEqual(refusal('not-directory'));
    expect(told(method('unlink-file-at', top, 'linked'))).toBe('done');
    expect(told(method('remove-directory-at', top, 'made'))).toBe('done');
  });

  test('are listed, each once', async () => {
    await mount();
    const stream = method('read-directory', top).u32(4);
    const names: [string, number][] = [];
    for (;;) {
      const entry = guest.call(types, '[method]directory-entry-stream.read-directory-entry', stream);
      if (entry.u8(4) === 0) break;
      names.push([entry.text(12), entry.u8(8)]);
    }
    expect(names.toSorted(([one], [two]) => one.localeCompare(two))).toEqual([
      ['absolute', 5],
      ['escape', 5],
      ['hello', 6],
      ['link', 5],
      ['sub', 3],
    ]);
    expect(told(method('read-directory', opened('hello')), 4)).toEqual(refusal('not-directory'));
  });
});

test.skipIf(process.platform !== 'linux')('nothing changes below a read-only mount', async () => {
  await mount(true);
  expect(method('get-flags', top).u8(1)).toBe(flag.read);
  const file = opened('hello');
  const refused = refusal('read-only');
  expect(open('hello', { flags: flag.write })).toEqual(refused);
  expect(open('hello', { open: openFlag.truncate })).toEqual(refused);
  expect(open('new', { open: openFlag.create })).toEqual(refused);
  expect(told(method('write', file, 'x', 0n), 8)).toEqual(refused);
  expect(told(method('write-via-stream', file, 0n), 4)).toEqual(refused);
  expect(told(method('append-via-stream', file), 4)).toEqual(refused);
  expect(told(method('set-size', file, 0n))).toEqual(refused);
  expect(told(method('set-times', file, 1, 0n, 0, 0, 0n, 0))).toEqual(refused);
  expect(told(method('set-times-at', top, 0, 'hello', 1, 0n, 0, 0, 0n, 0))).toEqual(refused);
  expect(told(method('create-directory-at', top, 'new'))).toEqual(refused);
  expect(told(method('remove-directory-at', top, 'sub'))).toEqual(refused);
  expect(told(method('unlink-file-at', top, 'hello'))).toEqual(refused);
  expect(told(method('symlink-at', top, 'hello', 'new'))).toEqual(refused);
  expect(told(method('link-at', top, 0, 'hello', top, 'new'))).toEqual(refused);
  expect(told(method('rename-at', top, 'hello', top, 'new'))).toEqual(refused);
});
