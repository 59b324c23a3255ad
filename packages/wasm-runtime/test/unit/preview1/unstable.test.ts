import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { errno } from '../../../src/preview1/errno.ts';
import { bytesAt, type CalledHost, callHost, resultAt, rights } from '../../conformance/called-host.ts';

// Layouts as in https://github.com/WebAssembly/WASI/blob/main/legacy/preview0/witx/typenames.witx
describe('wasi_unstable', () => {
  let guest: CalledHost;

  beforeEach(() => {
    guest = callHost({}, 'wasi_unstable');
  });

  afterEach(() => guest.host.close());

  test('has the functions of the first snapshot, which knew no sock_accept', () => {
    const { wasi_unstable, wasi_snapshot_preview1 } = guest.host.imports;
    const names = Object.keys(wasi_snapshot_preview1).filter((name) => name !== 'sock_accept');
    expect(Object.keys(wasi_unstable).toSorted()).toEqual(names.toSorted());
    expect(names).toHaveLength(45);
  });

  test('polls subscriptions of 56 bytes, whose clocks begin with an identifier', () => {
    const { view, call } = guest;
    const start = performance.now();
    for (const [index, milliseconds] of [60_000, 20].entries()) {
      const at = bytesAt + 56 * index;
      view.setBigUint64(at, BigInt(100 + index), true);
      view.setBigUint64(at + 16, 0xffff_ffff_ffff_ffffn, true);
      view.setUint32(at + 24, 1, true);
      view.setBigUint64(at + 32, BigInt(milliseconds) * 1_000_000n, true);
      view.setBigUint64(at + 40, 1n, true);
    }
    expect(call('poll_oneoff', bytesAt, 1_024, 2, resultAt)).toBe(errno.success);
    expect(performance.now() - start).toBeGreaterThanOrEqual(19);
    expect(view.getUint32(resultAt, true)).toBe(1);
    expect(view.getBigUint64(1_024, true)).toBe(101n);
  });

  test('polls descriptors at the same place as the later snapshot', () => {
    const { view, call } = guest;
    view.setBigUint64(bytesAt, 7n, true);
    view.setUint8(bytesAt + 8, 2);
    view.setUint32(bytesAt + 16, 1, true);
    view.setBigUint64(bytesAt + 56, 8n, true);
    view.setUint8(bytesAt + 64, 1);
    view.setUint32(bytesAt + 72, 0, true);
    expect(call('poll_oneoff', bytesAt, 1_024, 2, resultAt)).toBe(errno.success);
    expect(view.getUint32(resultAt, true)).toBe(2);
    expect([view.getBigUint64(1_024, true), view.getBigUint64(1_056, true)]).toEqual([7n, 8n]);
  });
});

describe.runIf(process.platform === 'linux')('wasi_unstable with a mount', () => {
  const root = 3;
  let base: string;
  let guest: CalledHost;

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'preview1-unstable-'));
    writeFileSync(join(base, 'file'), '0123456789');
    guest = callHost({ mounts: [{ hostPath: base, guestPath: '/' }] }, 'wasi_unstable');
  });

  afterEach(() => {
    guest.host.close();
    rmSync(base, { recursive: true });
  });

  test('seeks with 0 from the offset, 1 from the end and 2 from the start', () => {
    const fd = guest.open(root, 'file', { rights: rights.all });
    const seek = (by: bigint, whence: number) => {
      expect(guest.call('fd_seek', fd, by, whence, resultAt)).toBe(errno.success);
      return guest.view.getBigUint64(resultAt, true);
    };
    expect(seek(4n, 2)).toBe(4n);
    expect(seek(3n, 0)).toBe(7n);
    expect(seek(-1n, 1)).toBe(9n);
    expect(guest.call('fd_seek', fd, 0n, 3, resultAt)).toBe(errno.inval);
  });

  test('fills file attributes of 56 bytes with a link count of 32 bits', () => {
    const stats = statSync(join(base, 'file'), { bigint: true });
    const at = bytesAt;
    for (const [name, ...args] of [
      ['path_filestat_get', root, 0, 'file', at],
      ['fd_filestat_get', guest.open(root, 'file', { rights: rights.all & ~rights.write }), at],
    ] as const) {
      new Uint8Array(guest.memory.buffer).fill(0xee, at, at + 64);
      expect(guest.call(name, ...args)).toBe(errno.success);
      const { view } = guest;
      expect(view.getBigUint64(at, true)).toBe(stats.dev);
      expect(view.getBigUint64(at + 8, true)).toBe(stats.ino);
      expect(view.getUint8(at + 16)).toBe(4);
      expect(view.getUint32(at + 20, true)).toBe(1);
      expect(view.getBigUint64(at + 24, true)).toBe(10n);
      expect(view.getBigUint64(at + 40, true)).toBe(stats.mtimeNs);
      expect(view.getBigUint64(at + 48, true)).toBe(stats.ctimeNs);
      expect(view.getUint8(at + 56)).toBe(0xee);
    }
  });
});
