import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bytesAt, callHost, oflags, resultAt, rights } from '../../conformance/called-host.ts';

let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'preview1-descriptors-'));
  mkdirSync(join(base, 'root/a/b/c'), { recursive: true });
  mkdirSync(join(base, 'volume/d'), { recursive: true });
  writeFileSync(join(base, 'root/a/file'), '');
  writeFileSync(join(base, 'single'), '');
  symlinkSync('a/b', join(base, 'root/inside'));
  symlinkSync('../volume', join(base, 'root/outside'));
  symlinkSync('loop', join(base, 'root/loop'));
});

afterEach(() => {
  rmSync(base, { recursive: true });
});

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;

/** The same numbers in each run. */
function createPicker(): <T>(choices: readonly T[]) => T {
  let state = 1;
  return (choices) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return choices[(state >>> 16) % choices.length] as (typeof choices)[number];
  };
}

const names = [
  'a',
  'b',
  'c',
  'd',
  'file',
  'single',
  'mounted',
  'inside',
  'outside',
  'loop',
  '..',
  '.',
  '',
  'new',
];

test.runIf(process.platform === 'linux')(
  'thousands of calls, most of which fail, leave no descriptor open',
  () => {
    const before = openDescriptors();
    const guest = callHost({
      maxDescriptors: 24,
      mounts: [
        { hostPath: join(base, 'root'), guestPath: '/' },
        { hostPath: join(base, 'volume'), guestPath: '/a/mounted' },
        { hostPath: join(base, 'single'), guestPath: '/new/single', readOnly: true },
      ],
    });
    const opened = openDescriptors();
    const pick = createPicker();
    const path = () => Array.from({ length: pick([1, 2, 3, 4]) }, () => pick(names)).join('/');
    const held: number[] = [];
    const directory = () => pick([3, 3, 4, ...held]);
    const calls: readonly (() => number)[] = [
      () => {
        const how = {
          oflags: pick([0, oflags.creat, oflags.directory, oflags.creat | oflags.excl, oflags.trunc]),
          rights: pick([rights.read, rights.write, rights.all, rights.ofDirectory]),
          follow: pick([true, false]),
        };
        const fd = guest.open(directory(), path(), how);
        if (fd >= 0) held.push(fd);
        return fd;
      },
      () => guest.call('path_filestat_get', directory(), pick([0, 1]), path(), bytesAt),
      () => guest.call('path_filestat_get', directory(), 1, path(), -1),
      () => guest.call('path_create_directory', directory(), path()),
      () => guest.call('path_remove_directory', directory(), path()),
      () => guest.call('path_unlink_file', directory(), path()),
      () => guest.call('path_rename', directory(), path(), directory(), path()),
      () => guest.call('path_link', directory(), 0, path(), directory(), path()),
      () => guest.call('path_symlink', path(), directory(), path()),
      () => guest.call('path_readlink', directory(), path(), bytesAt, 100, resultAt),
      () => guest.call('fd_readdir', directory(), bytesAt, pick([30, 4_096]), 0n, resultAt),
      () => guest.call('fd_renumber', pick([5, ...held]), pick([6, ...held])),
      () => guest.call('fd_close', held.splice(0, 1)[0] ?? 1_000),
      () => guest.call('fd_close', held.pop() ?? 1_000),
    ];
    const answers = new Set<number>();
    for (let round = 0; round < 20_000; round += 1) answers.add(Math.sign(pick(calls)()));
    expect(answers).toContain(0);
    for (const fd of held) guest.call('fd_close', fd);
    // Those of moved numbers, and the directories that are kept because paths have led to them.
    expect(openDescriptors() - opened).toBeLessThanOrEqual(24 + 32);
    guest.host.close();
    expect(openDescriptors()).toBe(before);
  },
);
