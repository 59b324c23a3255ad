import { constants, lstatSync, mkdirSync, mkdtempSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { errno } from '../../../src/preview1/errno.ts';
import {
  type CalledHost,
  bytesAt,
  callHost,
  oflags,
  type OpenHow,
  resultAt,
  rights,
} from '../../conformance/called-host.ts';
import { createDice, type Dice } from '../../fixtures/dice.ts';
import { fastDirectory } from '../../fixtures/fast-directory.ts';
import { kernelAnswers, type KernelFlags, startKernelPaths } from '../../fixtures/kernel-paths.ts';
import { plantRandomTree, type RandomTree } from '../../fixtures/random-tree.ts';

const trees = Number(process.env['WASMLET_TEST_TREES'] ?? 100_000);
const pathsOfTree = 4;
/** Trees that the kernel is asked about at once. */
const treesAtOnce = 5;
/** Another one: other trees and paths. A failure names its own. */
const seed = Number(process.env['WASMLET_TEST_SEED'] ?? 1);

/** A directory that a guest's paths begin at, and the kernel's by its index. */
interface Start {
  readonly guest: CalledHost;
  readonly fd: number;
  readonly kernelRoot: number;
  /** Made up by the host: nothing can be made in it, and its inode is not the machine's. */
  readonly madeUp: boolean;
  readonly inodeOnMachine: string;
  /** Before paths that are to lead into the tree. */
  readonly prefix: string;
}

/** One thing that is done with a path, in the kernel's words and ours. */
interface Action {
  readonly name: string;
  readonly kernel: KernelFlags;
  /** Refused where all is made up. */
  readonly changes?: true;
  /** `expected` is the kernel's answer. */
  readonly ours: (start: Start, path: string, expected: string) => string;
}

const O_PATH = 0o10000000;
const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
const attributes = 1n << 21n;
const writing = { rights: rights.read | rights.write | attributes };

const actions: readonly Action[] = [
  { name: 'stat', kernel: O_PATH, ours: (start, path) => stat(start, 1, path) },
  { name: 'lstat', kernel: O_PATH | O_NOFOLLOW, ours: (start, path) => stat(start, 0, path) },
  { name: 'readlink', kernel: 'link', ours: readLink },
  { name: 'open', kernel: O_NONBLOCK, ours: opening({ follow: true }) },
  { name: 'open, no link', kernel: O_NONBLOCK | O_NOFOLLOW, ours: opening({}) },
  { name: 'open to write', kernel: O_RDWR, changes: true, ours: opening({ follow: true, ...writing }) },
  {
    name: 'open a directory',
    kernel: O_DIRECTORY,
    ours: opening({ follow: true, oflags: oflags.directory }),
  },
  {
    name: 'open a directory, no link',
    kernel: O_DIRECTORY | O_NOFOLLOW,
    ours: opening({ oflags: oflags.directory }),
  },
  {
    name: 'create',
    kernel: O_RDWR | O_CREAT,
    changes: true,
    ours: opening({ follow: true, oflags: oflags.creat, ...writing }),
  },
  {
    name: 'create, no link',
    kernel: O_RDWR | O_CREAT | O_NOFOLLOW,
    changes: true,
    ours: opening({ oflags: oflags.creat, ...writing }),
  },
  {
    name: 'create exclusively',
    kernel: O_RDWR | O_CREAT | O_EXCL,
    changes: true,
    ours: opening({ follow: true, oflags: oflags.creat | oflags.excl, ...writing }),
  },
];

test.runIf(kernelAnswers)(
  'paths lead where openat2 beneath the mount leads, in random trees, walked or kept',
  { timeout: 600_000 },
  async () => {
    const scratch = mkdtempSync(join(fastDirectory(), 'openat2-'));
    const dice = createDice(seed);
    const places = Array.from({ length: treesAtOnce }, (_, index) =>
      plant(join(scratch, String(index)), index, dice),
    );
    const shapes = new Set<string>();
    const seen = new Map<string, number>();
    const wrong: object[] = [];
    try {
      await using kernel = startKernelPaths(places.flatMap(({ kernelRoots }) => kernelRoots));
      while (shapes.size < trees && wrong.length === 0) {
        const asked = places.flatMap(({ tree, starts }) => {
          // Until it is one that was not there before.
          for (const before = shapes.size; shapes.size === before; shapes.add(tree.shape())) tree.change();
          const number = shapes.size;
          return Array.from({ length: pathsOfTree }, () => {
            const start = dice.pick(starts);
            const action = dice.pick(start.madeUp ? reading : actions);
            return { tree: number, start, action, path: start.prefix + tree.path() };
          });
        });
        const questions = asked.map(
          ({ start, action, path }) => [start.kernelRoot, action.kernel, path] as const,
        );
        const answers = await kernel.ask(questions);
        for (const [index, { tree, start, action, path }] of asked.entries()) {
          const expected = answers[index] ?? '';
          const kind = /^(E\w+|made|to)?/.exec(expected)?.[0] || 'found';
          seen.set(kind, (seen.get(kind) ?? 0) + 1);
          // The second time its directory may be one that was kept.
          for (const way of ['walked', 'kept']) {
            const answer = action.ours(start, path, expected);
            if (answer === expected || refusedAlike(answer, expected, action)) continue;
            wrong.push({ tree, action: action.name, path, way, expected, answer });
          }
        }
      }
    } finally {
      for (const { starts } of places) for (const { guest } of starts) guest.host.close();
      rmSync(scratch, { recursive: true });
    }
    expect(wrong, `again with WASMLET_TEST_SEED=${seed}`).toEqual([]);
    expect(shapes.size).toBeGreaterThanOrEqual(trees);
    const rare = outcomes.filter((kind) => (seen.get(kind) ?? 0) < trees / 500);
    expect(rare).toEqual([]);
  },
);

const reading = actions.filter(({ changes }) => changes === undefined);
const outcomes = [
  'found',
  'made',
  'to',
  'ENOENT',
  'ENOTDIR',
  'ELOOP',
  'EXDEV',
  'EISDIR',
  'EEXIST',
  'EINVAL',
  'ENAMETOOLONG',
];

interface PlantedPlace {
  readonly tree: RandomTree;
  readonly starts: readonly Start[];
  readonly kernelRoots: readonly string[];
}

/** A tree that is called `data`, mounted as a guest's `/`, below one that is made up, and over itself below its parent. */
function plant(parent: string, index: number, dice: Dice): PlantedPlace {
  const data = join(parent, 'data');
  mkdirSync(data, { recursive: true });
  const tree = plantRandomTree(data, dice);
  const atData = { hostPath: data, guestPath: '/data' };
  const alone = callHost({ mounts: [{ hostPath: data, guestPath: '/' }] });
  const below = callHost({ mounts: [atData] });
  const nested = callHost({ mounts: [{ hostPath: parent, guestPath: '/' }, atData] });
  const [inParent, inData] = [2 * index, 2 * index + 1];
  const inodeOnMachine = String(statSync(parent, { bigint: true }).ino);
  const start = (guest: CalledHost, fd: number, kernelRoot: number, madeUp = false): Start => {
    const prefix = kernelRoot === inParent ? 'data/' : '';
    return { guest, fd, kernelRoot, madeUp, inodeOnMachine, prefix };
  };
  return {
    tree,
    starts: [
      start(alone, 3, inData),
      start(below, 3, inData),
      start(below, 4, inParent, true),
      start(nested, 3, inParent),
      start(nested, 4, inData),
    ],
    kernelRoots: [parent, data],
  };
}

function stat(start: Start, follow: number, path: string): string {
  return inode(start, start.guest.call('path_filestat_get', start.fd, follow, path, resultAt));
}

/** What a call that has answered with a file's attributes says. */
function inode({ guest, madeUp, inodeOnMachine }: Start, answer: number): string {
  if (answer !== errno.success) return wordOf(answer);
  // The device of a directory that is made up is none.
  if (madeUp && guest.view.getBigUint64(resultAt, true) === 0n) return inodeOnMachine;
  return String(guest.view.getBigUint64(resultAt + 8, true));
}

function readLink({ guest, fd }: Start, path: string): string {
  const answer = guest.call('path_readlink', fd, path, bytesAt, 4_096, resultAt);
  if (answer !== errno.success) return wordOf(answer);
  return `to ${Buffer.from(guest.memory.buffer, bytesAt, guest.view.getUint32(resultAt, true)).toString()}`;
}

function opening(how: OpenHow): Action['ours'] {
  return (start, path, expected) => {
    const { guest } = start;
    const fd = guest.open(start.fd, path, { rights: rights.read | attributes, ...how });
    if (fd < 0) return wordOf(-fd);
    const answer = inode(start, guest.call('fd_filestat_get', fd, resultAt));
    const isEmpty = guest.view.getBigUint64(resultAt + 32, true) === 0n;
    guest.call('fd_close', fd);
    if (!isEmpty || ((how.oflags ?? 0) & oflags.creat) === 0) return answer;
    return removeMade(answer, expected);
  };
}

/** Removes a file that we have made. It has to be where the kernel has made one. */
function removeMade(madeInode: string, expected: string): string {
  const path = expected.startsWith('made ') ? expected.slice('made '.length) : '';
  const found = path === '' ? undefined : lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (found === undefined || String(found.ino) !== madeInode) return 'made elsewhere';
  unlinkSync(path);
  return expected;
}

/** Refused by both, and only for another reason. */
function refusedAlike(answer: string, expected: string, { changes }: Action): boolean {
  // The kernel walks what leaves a second time, and goes on counting links.
  if (answer === 'EXDEV' && expected === 'ELOOP') return true;
  // What ends in a slash or a dot can only be a directory, which is not created: whether one looks for it first differs.
  const both = [answer, expected];
  return changes === true && both.includes('EISDIR') && both.every((word) => refusals.has(word));
}

const refusals: ReadonlySet<string> = new Set([
  'EISDIR',
  'EEXIST',
  'ENOENT',
  'ENOTDIR',
  'ELOOP',
  'EXDEV',
  'ENAMETOOLONG',
]);

function wordOf(answer: number): string {
  return words.get(answer) ?? `errno ${answer}`;
}

const words = new Map<number, string>([
  [errno.noent, 'ENOENT'],
  [errno.notdir, 'ENOTDIR'],
  [errno.loop, 'ELOOP'],
  [errno.isdir, 'EISDIR'],
  [errno.exist, 'EEXIST'],
  [errno.inval, 'EINVAL'],
  [errno.nametoolong, 'ENAMETOOLONG'],
  // What leaves the directory: EXDEV to the kernel.
  [errno.perm, 'EXDEV'],
]);
