import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { errno } from '../../../src/preview1/errno.ts';
import { bytesAt, type CalledHost, callHost, resultAt, vectorsAt } from '../../conformance/called-host.ts';

let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'preview1-input-'));
  writeFileSync(join(base, 'input'), 'from a file');
  symlinkSync('input', join(base, 'link'));
});

afterEach(() => {
  rmSync(base, { recursive: true });
});

const withInput = (path: string, root?: string): CalledHost =>
  callHost({ stdin: { kind: 'file', hostPath: path, ...(root === undefined ? {} : { root }) } });

function read(guest: CalledHost, length: number): string {
  guest.view.setUint32(vectorsAt, bytesAt, true);
  guest.view.setUint32(vectorsAt + 4, length, true);
  expect(guest.call('fd_read', 0, vectorsAt, 1, resultAt)).toBe(errno.success);
  return Buffer.from(guest.memory.buffer, bytesAt, guest.view.getUint32(resultAt, true)).toString();
}

describe.runIf(process.platform === 'linux')('a standard input that is a file', () => {
  test('is read to its end, sought in, and not written', () => {
    const before = readdirSync('/proc/self/fd').length;
    const guest = withInput(join(base, 'link'));
    expect([read(guest, 4), read(guest, 100), read(guest, 100)]).toEqual(['from', ' a file', '']);
    expect(guest.call('fd_seek', 0, 5n, 0, resultAt)).toBe(errno.success);
    expect(read(guest, 1)).toBe('a');
    expect(guest.call('fd_write', 0, vectorsAt, 1, resultAt)).toBe(errno.notcapable);
    expect(guest.call('fd_filestat_set_size', 0, 0n)).toBe(errno.notcapable);
    guest.host.close();
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });

  test.each([
    ['missing', undefined, 'there is no such file or directory'],
    ['.', undefined, 'it is a directory'],
    ['link', '.', 'a symbolic link is in the place'],
  ])('is refused where it cannot be one: %s', (path, root, reason) => {
    const code = 'INVALID_MOUNT';
    expect(() => withInput(join(base, path), root && base)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(reason) }),
    );
    expect(() => withInput('/dev/zero')).toThrow(expect.objectContaining({ code }));
  });
});
