import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { errno } from '../../../src/preview1/errno.ts';
import { type CalledHost, callHost, oflags, resultAt, rights } from '../../conformance/called-host.ts';
import { fastDirectory } from '../../fixtures/fast-directory.ts';
import { pictureOf } from '../../fixtures/picture.ts';

// While a guest works with paths, somebody else swaps what is on their way for symlinks to a place where the same names are:
// outside of the mount, or in a mount that is read-only. Nothing may ever change there, nor be read outside.
const swapping = join(import.meta.dirname, '../../fixtures/swapping.ts');
const rounds = 300;
/** Who swaps may get little of a busy machine: then there are more, until both sides have been met. */
const maxRounds = 20 * rounds;
/** Whoever renames all the time makes everybody wait, on disks longest. */
const timeout = 120_000;
const root = 3;
let base: string;

beforeEach(() => {
  base = mkdtempSync(join(fastDirectory(), 'races-'));
  for (const [place, content] of [
    ['root/way', 'inside'],
    ['root/a/b', 'inside'],
    ['other', 'OTHER'],
    ['other/b', 'OTHER'],
  ] as const) {
    mkdirSync(join(base, place, 'directory'), { recursive: true });
    for (const name of ['secret', 'victim']) writeFileSync(join(base, place, name), content);
  }
  mkdirSync(join(base, 'root/way/deep'));
  writeFileSync(join(base, 'root/leaf'), 'inside');
});

afterEach(() => {
  rmSync(base, { recursive: true });
});

function linkTo(target: string): void {
  for (const name of ['way-link', 'a-link']) symlinkSync(target, join(base, 'root', name));
  symlinkSync(join(target, 'secret'), join(base, 'root/leaf-link'));
}

/** Runs while somebody swaps. */
async function whileSwapping(by: string, act: () => void): Promise<void> {
  const program = ['--conditions=@wasmlet/source', swapping, by, join(base, 'root')];
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  try {
    await once(child.stdout, 'data');
    act();
    expect([child.exitCode, child.signalCode]).toEqual([null, null]);
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
}

describe.runIf(process.platform === 'linux').each(['machine', 'guest'])(
  'while a %s swaps names for links',
  (by) => {
    test('a guest that reads and changes what they lead to never gets out of its mount', {
      timeout,
    }, async () => {
      linkTo('../other');
      const before = pictureOf(join(base, 'other'));
      const guest = callHost({ mounts: [{ hostPath: join(base, 'root'), guestPath: '/' }] });
      const tally = new Map<string, number>();
      const met = [errno.success, errno.perm];
      try {
        await whileSwapping(by, () => {
          for (const _round of roundsUntil(() => isRace(tally, met))) {
            for (const read of [...changes(guest, tally), ...reads(guest, tally)])
              expect(read).not.toBe('OTHER');
          }
        });
      } finally {
        guest.host.close();
      }
      expect(pictureOf(join(base, 'other'))).toEqual(before);
      expect(isRace(tally, met)).toBe(true);
      expect(tally.get('out by ..: 0')).toBeUndefined();
    });

    test('a guest never changes what is below a read-only mount that they lead to', { timeout }, async () => {
      linkTo('read-only');
      const before = pictureOf(join(base, 'other'));
      const guest = callHost({
        mounts: [
          { hostPath: join(base, 'root'), guestPath: '/' },
          { hostPath: join(base, 'other'), guestPath: '/read-only', readOnly: true },
        ],
      });
      const tally = new Map<string, number>();
      const met = [errno.success, errno.rofs];
      try {
        await whileSwapping(by, () => {
          for (const _round of roundsUntil(() => isRace(tally, met))) changes(guest, tally);
        });
      } finally {
        guest.host.close();
      }
      expect(pictureOf(join(base, 'other'))).toEqual(before);
      expect(isRace(tally, met)).toBe(true);
    });

    test('a guest with all of it read-only changes nothing, and reads what is inside', {
      timeout,
    }, async () => {
      linkTo('../other');
      const before = pictureOf(join(base, 'other'));
      const mount = { hostPath: join(base, 'root'), guestPath: '/', readOnly: true };
      const guest = callHost({ mounts: [mount] });
      const [changed, read] = [new Map<string, number>(), new Map<string, number>()];
      const texts = new Set<string | number>();
      const met = [errno.success, errno.perm];
      try {
        await whileSwapping(by, () => {
          for (const _round of roundsUntil(() => isRace(new Map([...changed, ...read]), met))) {
            changes(guest, changed);
            for (const text of reads(guest, read)) texts.add(text);
          }
        });
      } finally {
        guest.host.close();
      }
      expect(pictureOf(join(base, 'other'))).toEqual(before);
      expect([...changed.keys()].filter((outcome) => outcome.endsWith(`: ${errno.success}`))).toEqual([]);
      expect([...texts].filter((text) => typeof text === 'string')).toEqual(['inside']);
      expect(isRace(new Map([...changed, ...read]), met)).toBe(true);
    });
  },
);

function* roundsUntil(isEnough: () => boolean): Generator<number> {
  for (let round = 0; round < rounds || (round < maxRounds && !isEnough()); round += 1) yield round;
}

/** Both sides of the swap were met, thousands of times in all. */
function isRace(tally: ReadonlyMap<string, number>, outcomes: readonly number[]): boolean {
  const count = (outcome: number): number =>
    [...tally].reduce((sum, [name, times]) => (name.endsWith(`: ${outcome}`) ? sum + times : sum), 0);
  const all = [...tally.values()].reduce((sum, times) => sum + times, 0);
  return all > 5_000 && outcomes.every((outcome) => count(outcome) > 100);
}

/** Everything that changes a name below the ways; answers what is read by names that were brought in. */
function changes(guest: CalledHost, tally: Map<string, number>): readonly (string | number)[] {
  const count = (what: string, answer: number): boolean => {
    const outcome = `${what}: ${answer}`;
    tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
    return answer === errno.success;
  };
  const write = (what: string, path: string, flags: number): void => {
    const how = { follow: true, oflags: flags, rights: rights.write };
    const fd = guest.open(root, path, how);
    count(what, Math.max(-fd, 0));
    if (fd < 0) return;
    guest.writeText(fd, 'inside');
    guest.call('fd_close', fd);
  };
  const read: (string | number)[] = [];
  for (const way of ['way', 'a/b']) {
    const at = (name: string): string => `${way}/${name}`;
    write('create', at('new'), oflags.creat | oflags.excl);
    count('link out', guest.call('path_link', root, 0, 'leaf', root, at('linked')));
    count('unlink', guest.call('path_unlink_file', root, at('linked')));
    count('rename out', guest.call('path_rename', root, at('new'), root, 'moved'));
    count('rename in', guest.call('path_rename', root, 'moved', root, at('planted')));
    count('unlink', guest.call('path_unlink_file', root, at('planted')));
    if (count('steal', guest.call('path_rename', root, at('victim'), root, 'stolen'))) {
      read.push(guest.readText(root, 'stolen'));
    }
    if (count('link in', guest.call('path_link', root, 0, at('secret'), root, 'stolen-link'))) {
      read.push(guest.readText(root, 'stolen-link'));
      guest.call('path_unlink_file', root, 'stolen-link');
    }
    write('bring back', at('victim'), oflags.creat);
    write('truncate', at('secret'), oflags.trunc);
    count('symlink', guest.call('path_symlink', 'x', root, at('soft')));
    count('unlink', guest.call('path_unlink_file', root, at('soft')));
    count('mkdir', guest.call('path_create_directory', root, at('made')));
    count('rmdir', guest.call('path_remove_directory', root, at('made')));
    count('set times', guest.call('path_filestat_set_times', root, 1, at('secret'), 1n, 1n, 5));
  }
  write('truncate', 'leaf', oflags.trunc);
  count('set times', guest.call('path_filestat_set_times', root, 1, 'leaf', 1n, 1n, 5));
  return read;
}

/** Everything that is read through the ways. */
function reads(guest: CalledHost, tally: Map<string, number>): readonly (string | number)[] {
  const texts: (string | number)[] = [];
  const count = (what: string, text: string | number): void => {
    const outcome = `${what}: ${typeof text === 'string' ? errno.success : Math.max(-text, 0)}`;
    tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
    // A file that was just truncated.
    if (text !== '') texts.push(text);
  };
  for (const path of ['way/secret', 'a/b/secret', 'leaf']) {
    count('read', guest.readText(root, path));
    count('stat', -guest.call('path_filestat_get', root, 1, path, resultAt));
  }
  for (const path of ['way/deep/../../other/secret', 'way/deep/../../../other/secret']) {
    count('out by ..', guest.readText(root, path));
  }
  return texts;
}
