import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { errno } from '../../../src/preview1/errno.ts';
import { type CalledHost, callHost } from '../../conformance/called-host.ts';

const helper = join(import.meta.dirname, '../../fixtures/openat2.py');

/** Needs x86-64 or arm64, where the call has this number, and a kernel that has it (5.6). */
const available =
  process.platform === 'linux' &&
  ['x64', 'arm64'].includes(process.arch) &&
  spawnSync('python3', [helper, '/'], { input: '[">."]\n' }).status === 0;

const trees = 400;
const pathsOfTree = 40;
const names = ['a', 'b', 'c', 'd'];
/** What links lead to: inside, outside, nowhere, to themselves. */
const targets = [
  'a',
  'b/c',
  '.',
  '..',
  '../..',
  '../a',
  './b/',
  'a/../b',
  '/',
  '/proc/self/root',
  'none',
  'c//d',
  '../../../..',
];

/** The same numbers in each run. */
function createPicker(): <T>(choices: readonly T[]) => T {
  let state = 99;
  return (choices) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return choices[(state >>> 16) % choices.length] as (typeof choices)[number];
  };
}

/** Our answer in the kernel's words. */
function resolve(guest: CalledHost, path: string): string {
  const follow = path.startsWith('>') ? 1 : 0;
  const answer = guest.call('path_filestat_get', 3, follow, path.slice(1), 0);
  if (answer === errno.success) return String(guest.view.getBigUint64(8, true));
  return words.get(answer) ?? `errno ${answer}`;
}

const words = new Map<number, string>([
  [errno.noent, 'ENOENT'],
  [errno.notdir, 'ENOTDIR'],
  [errno.loop, 'ELOOP'],
  // What leaves the directory: EXDEV to the kernel.
  [errno.perm, 'EXDEV'],
]);

/** Replaces what is in a directory by a random tree. */
function plant(root: string, pick: <T>(choices: readonly T[]) => T): void {
  for (const name of names) rmSync(join(root, name), { recursive: true, force: true });
  const directories = [root];
  for (let index = 0; index < 14; index += 1) {
    const at = join(pick(directories), pick(names));
    try {
      const kind = pick(['directory', 'directory', 'link', 'file']);
      if (kind === 'link') symlinkSync(pick(targets), at);
      else if (kind === 'file') writeFileSync(at, '', { flag: 'wx' });
      else {
        mkdirSync(at);
        directories.push(at);
      }
    } catch {
      // The name is taken.
    }
  }
}

test.runIf(available)(
  'paths lead where openat2 beneath the mount leads, in random trees, walked or kept',
  { timeout: 120_000 },
  async () => {
    const root = mkdtempSync(join(tmpdir(), 'openat2-'));
    const kernel = spawn('python3', [helper, root], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: kernel.stdout })[Symbol.asyncIterator]();
    const guest = callHost({ mounts: [{ hostPath: root, guestPath: '/' }] });
    const pick = createPicker();
    const path = (): string => {
      const parts = Array.from({ length: pick([1, 2, 3, 4]) }, () =>
        pick([...names, ...names, '..', '.', '']),
      );
      const joined = (parts.join('/') + pick(['', '', '', '/'])).replace(/^\/+/, '') || '.';
      return pick(['>', '-']) + joined;
    };
    const seen = new Map<string, number>();
    try {
      for (let tree = 0; tree < trees; tree += 1) {
        plant(root, pick);
        const paths = Array.from({ length: pathsOfTree }, path);
        kernel.stdin.write(`${JSON.stringify(paths)}\n`);
        const { value } = await lines.next();
        const expected = JSON.parse(String(value)) as string[];
        for (const [index, tried] of paths.entries()) {
          const word = expected[index] ?? '';
          // The second time its directory may be one that was kept.
          const answers = [resolve(guest, tried), resolve(guest, tried)];
          expect({ tree, tried, answers }).toEqual({ tree, tried, answers: [word, word] });
          const kind = word.startsWith('E') ? word : 'found';
          seen.set(kind, (seen.get(kind) ?? 0) + 1);
        }
      }
    } finally {
      guest.host.close();
      kernel.kill();
      rmSync(root, { recursive: true });
    }
    for (const kind of ['found', 'ENOENT', 'ENOTDIR', 'ELOOP', 'EXDEV']) {
      expect(seen.get(kind) ?? 0).toBeGreaterThan(100);
    }
  },
);
