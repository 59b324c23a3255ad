import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RuntimeError } from '../../../src/errors.ts';
import { errno } from '../../../src/preview1/errno.ts';
import type { OutputSink } from '../../../src/preview1/preview1.ts';
import {
  bytesAt,
  type CalledHost,
  callHost,
  oflags,
  resultAt,
  rights,
  vectorsAt,
} from '../../conformance/called-host.ts';

let guest: CalledHost | undefined;

afterEach(() => {
  guest?.host.close();
  guest = undefined;
});

function open(...options: Parameters<typeof callHost>): CalledHost {
  guest = callHost(...options);
  return guest;
}

describe('pointers and lengths', () => {
  const outside: readonly (readonly [name: string, args: readonly (number | bigint)[]])[] = [
    ['args_sizes_get', [-4, 0]],
    ['args_sizes_get', [0, 3 * 65_536 - 3]],
    ['args_get', [0, -8]],
    ['environ_sizes_get', [0, 0xffff_ffff]],
    ['clock_time_get', [1, 0n, 3 * 65_536 - 7]],
    ['random_get', [3 * 65_536 - 1, 2]],
    ['random_get', [1, -1]],
    ['fd_write', [1, 3 * 65_536 - 4, 1, 0]],
    ['fd_write', [1, 64, 1, 3 * 65_536]],
    ['fd_write', [1, 3 * 65_536 - 8, 1_000_000_000, 0]],
    ['fd_read', [0, 3 * 65_536 - 4, 1, 0]],
    ['fd_read', [0, 64, 1, -1]],
    ['fd_fdstat_get', [0, 3 * 65_536 - 23]],
    ['fd_filestat_get', [1, 3 * 65_536 - 63]],
    ['poll_oneoff', [3 * 65_536 - 47, 0, 1, 0]],
    ['poll_oneoff', [0, 3 * 65_536 - 31, 1, 0]],
    ['poll_oneoff', [16, 0, 4_096, 0]],
  ];

  test.each(outside)('outside of the memory are EFAULT: %s %o', (name, args) => {
    expect(open().call(name, ...args)).toBe(errno.fault);
  });

  test('in vectors are checked, too', () => {
    const { call, view } = open();
    view.setUint32(vectorsAt, 3 * 65_536 - 10, true);
    view.setUint32(vectorsAt + 4, 11, true);
    expect(call('fd_write', 1, vectorsAt, 1, resultAt)).toBe(errno.fault);
    expect(call('fd_write', 1, vectorsAt, 2, resultAt)).toBe(errno.fault);
    view.setUint32(vectorsAt + 4, 0xffff_ffff, true);
    expect(call('fd_write', 1, vectorsAt, 1, resultAt)).toBe(errno.fault);
  });

  test('are checked against the memory as it has grown', () => {
    const { call, memory } = open();
    expect(call('random_get', 3 * 65_536, 65_536)).toBe(errno.fault);
    memory.grow(1);
    expect(call('random_get', 3 * 65_536, 65_536)).toBe(errno.success);
    expect(call('clock_time_get', 1, 0n, 4 * 65_536 - 8)).toBe(errno.success);
  });

  test('before the memory is known end the module with a message that says why', () => {
    const { call } = open({}, 'wasi_snapshot_preview1', 'unattached');
    expect(() => call('clock_time_get', 1, 0n, 0)).toThrow(
      expect.objectContaining({ code: 'INVALID_MODULE', message: expect.stringContaining('start section') }),
    );
  });
});

describe('output', () => {
  test('of several vectors reaches the sink as one chunk', () => {
    const chunks: string[] = [];
    const stdout: OutputSink = { write: (chunk) => void chunks.push(Buffer.from(chunk).toString()) };
    const { call, memory, view } = open({ stdout });
    Buffer.from(memory.buffer).write('line\n', bytesAt);
    [bytesAt, 4, bytesAt + 4, 1].forEach((value, index) =>
      view.setUint32(vectorsAt + 4 * index, value, true),
    );
    expect(call('fd_write', 1, vectorsAt, 2, resultAt)).toBe(errno.success);
    expect(view.getUint32(resultAt, true)).toBe(5);
    expect(chunks).toEqual(['line\n']);
  });

  test('larger than can be gathered goes vector by vector, and an error in the midst is a short write', () => {
    let room = 1;
    const write = () => {
      if (room === 0) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
      room -= 1;
    };
    const { call, view } = open({ stdout: { write } });
    [0, 65_536, 0, 65_536].forEach((value, index) => view.setUint32(vectorsAt + 4 * index, value, true));
    expect(call('fd_write', 1, vectorsAt, 2, resultAt)).toBe(errno.success);
    expect(view.getUint32(resultAt, true)).toBe(65_536);
    expect(call('fd_write', 1, vectorsAt, 2, resultAt)).toBe(errno.nospc);
  });

  test.each([
    ['EPIPE', errno.pipe],
    ['ENOSPC', errno.nospc],
    ['EIO', errno.io],
    ['EDQUOT', errno.dquot],
    ['ERR_STREAM_DESTROYED', errno.io],
  ])('that fails with %s is errno %i for the guest', (code, expected) => {
    const write = () => {
      throw Object.assign(new Error(code), { code });
    };
    const failing = open({ stdout: { write } });
    expect(failing.writeText(1, 'lost')).toBe(expected);
    expect(failing.writeText(2, 'kept')).toBe(errno.success);
  });

  test('without a code in its error is EIO', () => {
    expect(open({ stdout: failingWith('broken') }).writeText(1, 'lost')).toBe(errno.io);
  });

  test('of nothing does not reach the sink', () => {
    expect(open({ stdout: failingWith('called') }).writeText(1, '')).toBe(errno.success);
  });
});

test('a stack overflow in a host call is thrown on, not told as an errno', () => {
  const overflow = (): never => overflow();
  const { writeText } = open({ stdout: { write: overflow } });
  expect(() => writeText(1, 'x')).toThrow(RangeError);
});

test('a stack overflow in a host call ends the guest where there is a way', () => {
  const overflow = (): never => overflow();
  const ends: unknown[] = [];
  const fail = (error: unknown): never => {
    ends.push(error);
    throw new WebAssembly.RuntimeError('the end');
  };
  const { writeText } = open({ stdout: { write: overflow }, fail });
  expect(() => writeText(1, 'x')).toThrow('the end');
  expect(ends).toEqual([expect.any(RangeError)]);
});

test('what is no refusal of the system is thrown on and ends the guest', () => {
  const { call } = open({
    exit: (code) => {
      throw new WebAssembly.RuntimeError(`exit ${code}`);
    },
  });
  expect(() => call('proc_exit', 7)).toThrow('exit 7');
  expect(() => call('proc_exit', -1)).toThrow('exit 4294967295');
});

test('there are no signals', () => {
  expect(open().call('proc_raise', 9)).toBe(errno.nosys);
});

test('stdio is shown as a terminal only when it is one', () => {
  for (const fd of [0, 1, 2]) {
    expect(kindOf(true, fd)).toEqual([2, 0n]);
    expect(kindOf(false, fd)).toEqual([0, 0n]);
  }
});

/** File type, and the rights to seek and tell. */
function kindOf(tty: boolean, fd: number) {
  const { call, view, host } = callHost({ tty });
  call('fd_fdstat_get', fd, resultAt);
  host.close();
  return [view.getUint8(resultAt), view.getBigUint64(resultAt + 8, true) & ((1n << 2n) | (1n << 5n))];
}

function failingWith(message: string): OutputSink {
  return {
    write() {
      throw new Error(message);
    },
  };
}

describe('options that cannot be told to a guest are refused', () => {
  test.each([
    ['a NUL in an argument', { args: ['a\0b'] }, 'INVALID_SPEC', 'argument 0'],
    ['a NUL in a variable', { env: [['A', '\0']] as const }, 'INVALID_SPEC', 'variable A'],
    ['a variable without a name', { env: [['', 'x']] as const }, 'INVALID_SPEC', 'name'],
    ['a name with "="', { env: [['A=B', 'x']] as const }, 'INVALID_SPEC', 'A=B'],
    ['too many arguments', { args: ['x'.repeat(5_000_000)] }, 'INVALID_SPEC', '4194304'],
    ['a missing mount', { mounts: [{ hostPath: '/nowhere', guestPath: '/' }] }, 'INVALID_MOUNT', '/nowhere'],
    ['a relative host path', { mounts: [{ hostPath: 'x', guestPath: '/' }] }, 'INVALID_MOUNT', 'absolute'],
    ['a relative guest path', { mounts: [{ hostPath: '/tmp', guestPath: 'x' }] }, 'INVALID_MOUNT', '"x"'],
    [
      'a streamed stdin that nobody could wait for',
      { stdin: { kind: 'stream', readNow: () => 0, readable: () => Promise.resolve() } as const },
      'INVALID_SPEC',
      'suspend',
    ],
  ])('%s', (_what, options, code, text) => {
    const refused = () => callHost(options).host.close();
    expect(refused).toThrow(RuntimeError);
    expect(refused).toThrow(expect.objectContaining({ code, message: expect.stringContaining(text) }));
  });

  test('and mounts opened before a bad one are closed', () => {
    const mounts = [
      { hostPath: tmpdir(), guestPath: '/' },
      { hostPath: '/nowhere', guestPath: '/n' },
    ];
    for (let i = 0; i < 50; i += 1) expect(() => callHost({ mounts })).toThrow('/nowhere');
  });
});

describe.runIf(process.platform === 'linux')('with a mount', () => {
  const root = 3;
  let base: string;
  let mounted: CalledHost;

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'preview1-calls-'));
    mounted = callHost({ mounts: [{ hostPath: base, guestPath: '/' }], maxDescriptors: 8 });
  });

  afterEach(() => {
    mounted.host.close();
    rmSync(base, { recursive: true });
  });

  test('no more descriptors than allowed are open, and the one too many changes nothing', () => {
    writeFileSync(join(base, 'file'), 'content');
    for (let fd = 4; fd < 8; fd += 1) expect(mounted.open(root, 'file')).toBe(fd);
    expect(mounted.open(root, 'file')).toBe(-errno.mfile);
    expect(mounted.open(root, 'new', { oflags: oflags.creat })).toBe(-errno.mfile);
    expect(mounted.open(root, 'file', { oflags: oflags.trunc, rights: rights.write })).toBe(-errno.mfile);
    expect(statSync(join(base, 'file')).size).toBe(7);
    expect(mounted.call('fd_close', 5)).toBe(errno.success);
    expect(mounted.open(root, 'file')).toBe(5);
  });

  test('a directory that was opened for creating files lets them be truncated, without the right by name', () => {
    writeFileSync(join(base, 'file'), 'content');
    const setSizeByPath = 1n << 19n;
    const asked = rights.ofDirectory & ~setSizeByPath;
    const directory = mounted.open(root, '.', { oflags: oflags.directory, rights: asked });
    const file = mounted.open(directory, 'file', { oflags: oflags.trunc, rights: rights.write });
    expect(file).toBeGreaterThan(directory);
    expect(statSync(join(base, 'file')).size).toBe(0);
  });

  test('closing the host closes all, and the guest then has nothing', () => {
    writeFileSync(join(base, 'file'), 'content');
    expect(mounted.open(root, 'file')).toBe(4);
    mounted.host.close();
    expect(mounted.call('fd_fdstat_get', 4, resultAt)).toBe(errno.badf);
    expect(mounted.open(root, 'file')).toBe(-errno.badf);
    mounted.host.close();
  });

  test('names that are no UTF-8 are left out of listings', () => {
    writeFileSync(Buffer.concat([Buffer.from(`${base}/bad-`), Buffer.from([0xff])]), '');
    writeFileSync(join(base, 'good-ü'), '');
    expect(mounted.call('fd_readdir', root, bytesAt, 4_096, 0n, resultAt)).toBe(errno.success);
    const listed = Buffer.from(mounted.memory.buffer, bytesAt, mounted.view.getUint32(resultAt, true));
    expect(listed.length).toBe(24 + 1 + 24 + 2 + 24 + 7);
    expect(listed.toString()).toContain('good-ü');
  });

  test('link targets that are no UTF-8 are not followed', () => {
    writeFileSync(join(base, '\ufffd'), 'wrong');
    symlinkSync(Buffer.from([0xff]), join(base, 'link'));
    expect(mounted.readText(root, 'link')).toBe(-errno.ilseq);
  });

  test('a listing goes on where it was while the directory changes', () => {
    for (const name of ['a', 'b', 'c', 'd']) writeFileSync(join(base, name), '');
    mounted.call('fd_readdir', root, bytesAt, 80, 0n, resultAt);
    const cookie = mounted.view.getBigUint64(bytesAt + 25, true);
    rmSync(join(base, 'a'));
    writeFileSync(join(base, 'later'), '');
    mounted.call('fd_readdir', root, bytesAt, 4_096, cookie, resultAt);
    const listed = Buffer.from(
      mounted.memory.buffer,
      bytesAt,
      mounted.view.getUint32(resultAt, true),
    ).toString();
    for (const name of ['b', 'c', 'd']) expect(listed).toContain(name);
    expect(listed).not.toContain('later');
  });

  test('paths deeper than the walk holds open are refused, and nothing stays open', () => {
    const deep = Array.from({ length: 300 }, () => 'd').join('/');
    mkdirSync(join(base, deep), { recursive: true });
    expect(mounted.open(root, deep)).toBe(-errno.nametoolong);
    expect(mounted.open(root, Array.from({ length: 200 }, () => 'd').join('/'))).toBe(4);
  });

  test('a file keeps its exact times over other descriptors and names', () => {
    const fd = mounted.open(root, 'file', { oflags: oflags.creat, rights: rights.all });
    const time = 1_700_000_000_123_456_789n;
    expect(mounted.call('fd_filestat_set_times', fd, time, time + 1n, 5)).toBe(errno.success);
    mounted.call('path_link', root, 0, 'file', root, 'second');
    mounted.call('path_filestat_get', root, 0, 'second', resultAt);
    expect(mounted.view.getBigUint64(resultAt + 40, true)).toBe(time);
    expect(mounted.view.getBigUint64(resultAt + 48, true)).toBe(time + 1n);
    mounted.writeText(fd, 'changes the time of modification');
    mounted.call('fd_filestat_get', fd, resultAt);
    expect(mounted.view.getBigUint64(resultAt + 48, true)).toBeGreaterThan(time + 1n);
  });

  test('files through several vectors, small and large, hold what was written', () => {
    const fd = mounted.open(root, 'file', { oflags: oflags.creat, rights: rights.all });
    const bytes = new Uint8Array(mounted.memory.buffer);
    for (const size of [3, 40_000]) {
      for (let i = 0; i < 2 * size; i += 1) bytes[bytesAt + i] = i % 251;
      const written = bytes.slice(bytesAt, bytesAt + 2 * size);
      const lay = () =>
        [bytesAt, size, bytesAt + size, size].forEach((value, index) =>
          mounted.view.setUint32(vectorsAt + 4 * index, value, true),
        );
      lay();
      expect(mounted.call('fd_write', fd, vectorsAt, 2, resultAt)).toBe(errno.success);
      bytes.fill(0, bytesAt, bytesAt + 2 * size);
      expect(mounted.call('fd_seek', fd, BigInt(-2 * size), 1, resultAt)).toBe(errno.success);
      expect(mounted.call('fd_read', fd, vectorsAt, 2, resultAt)).toBe(errno.success);
      expect(mounted.view.getUint32(resultAt, true)).toBe(2 * size);
      expect(bytes.slice(bytesAt, bytesAt + 2 * size)).toEqual(written);
    }
  });
});
