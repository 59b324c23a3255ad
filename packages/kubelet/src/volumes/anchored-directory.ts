import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { chmod, lchown, mkdir, open, readdir, rename, rmdir, unlink } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import process from 'node:process';

/** Who is to own what is written; `undefined`: whoever this process is, as it cannot choose. */
export type Owner = { readonly uid: number; readonly gid: number } | undefined;

/**
 * A directory held open, so that what is done below it stays in it whatever its name leads to by then: pods'
 * directories belong to the pod's user, and the daemon writes into them as root. This is `openat` by way of
 * `/proc/self/fd`; where that does not exist (other than Linux) paths are used as they are.
 */
export interface AnchoredDirectory extends AsyncDisposable {
  /** Absolute path of an entry, valid while the directory is held. `name` is one component. */
  entry(name: string): string;
  /** Opens a subdirectory, never through a symbolic link. */
  open(name: string): Promise<AnchoredDirectory>;
  /** {@link AnchoredDirectory.open}; makes it first when it is not there, with this mode and owner. */
  ensure(name: string, options: { readonly mode: number; readonly owner: Owner }): Promise<AnchoredDirectory>;
  /** Creates a file that must not exist. */
  writeFile(name: string, file: NewFile): Promise<void>;
  names(): Promise<readonly string[]>;
  /** Deletes an entry with all that is below it. Nothing happens when it is not there. */
  remove(name: string): Promise<void>;
  /** Owner of the directory itself, for what is written below it. */
  owner(): Promise<Owner>;
  mode(): Promise<number>;
}

interface NewFile {
  readonly data: Uint8Array;
  readonly mode: number;
  readonly owner: Owner;
}

/** Opens a directory by its path. */
export async function openDirectory(path: string): Promise<AnchoredDirectory> {
  return anchored(await open(path, directoryFlags), path);
}

/** A place that somebody may try to replace: `path`, at or below a `root` that nobody but the operator can. */
export interface AnchoredPath {
  readonly root: string;
  readonly path: string;
}

/** Opens a directory, with no link followed in what its path has below the root. */
export async function openDirectoryBelow({ root, path }: AnchoredPath): Promise<AnchoredDirectory> {
  const names = relative(root, path).split(sep);
  if (!hasDescriptorPaths || names[0] === '') return openDirectory(path);
  let parent = await open(root, passingFlags);
  try {
    for (const name of names.slice(0, -1)) {
      const child = await open(`${anchorOf(parent)}/${component(name)}`, passingFlags);
      await parent.close();
      parent = child;
    }
    const last = component(names.at(-1) ?? '');
    return anchored(await open(`${anchorOf(parent)}/${last}`, directoryFlags), path);
  } finally {
    await parent.close();
  }
}

/** Makes directories, each in the one before, where they are missing; through links that have appeared it does not go. */
export async function makeDirectories(
  parent: AnchoredDirectory,
  [name, ...rest]: readonly string[],
  options: { readonly mode: number; readonly owner: Owner },
): Promise<void> {
  if (name === undefined) return;
  await using child = await parent.ensure(name, options);
  await makeDirectories(child, rest, options);
}

/** Gives an entry, not what it links to, to its owner. */
export async function giveTo(owner: Owner, path: string): Promise<void> {
  if (owner !== undefined) await lchown(path, owner.uid, owner.gid);
}

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;
const directoryFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
const O_PATH = 0o10000000; // Linux's; a directory that may be passed need not be readable
const passingFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW;
const newDirectoryMode = 0o700;
const hasDescriptorPaths = process.platform === 'linux';

function anchored(handle: FileHandle, path: string): AnchoredDirectory {
  const anchor = hasDescriptorPaths ? anchorOf(handle) : path;
  const entry = (name: string): string => `${anchor}/${component(name)}`;

  const directory: AnchoredDirectory = {
    entry,
    async open(name) {
      return anchored(await open(entry(name), directoryFlags), `${path}/${name}`);
    },
    async ensure(name, { mode, owner }) {
      const made = await mkdir(entry(name), { mode: newDirectoryMode }).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'EEXIST') return false;
          throw error;
        },
      );
      const child = await open(entry(name), directoryFlags);
      try {
        // The mode of mkdir is subject to the umask, and whoever was killed before this left it as it was.
        if (made || (mode !== newDirectoryMode && (await modeOf(child)) === newDirectoryMode)) {
          if (owner !== undefined) await child.chown(owner.uid, owner.gid);
          await child.chmod(mode);
        }
      } catch (error) {
        await child.close();
        throw error;
      }
      return anchored(child, `${path}/${name}`);
    },
    async writeFile(name, { data, mode, owner }) {
      await using file = await open(entry(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
      await file.writeFile(data);
      await file.chmod(mode);
      if (owner !== undefined) await file.chown(owner.uid, owner.gid);
    },
    names: () => readdir(anchor),
    remove: (name) => removeTree(directory, name),
    async owner() {
      const { uid, gid } = await handle.stat();
      return process.getuid?.() === 0 ? { uid, gid } : undefined;
    },
    mode: () => modeOf(handle),
    [Symbol.asyncDispose]: () => handle.close(),
  };
  return directory;
}

function anchorOf({ fd }: FileHandle): string {
  return `/proc/self/fd/${fd}`;
}

async function modeOf(handle: FileHandle): Promise<number> {
  return (await handle.stat()).mode & 0o7777;
}

function component(name: string): string {
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) {
    throw new RangeError(`${JSON.stringify(name)} is not the name of an entry`);
  }
  return name;
}

/**
 * Directories are moved up to their own tree's root before they are emptied, so that neither depth nor the
 * length of paths below, which a guest chooses, stands in the way.
 */
async function removeTree(parent: AnchoredDirectory, name: string): Promise<void> {
  if ((await discard(parent.entry(name))) === 'gone') return;
  const places = `..removed-${randomUUID()}`;
  const waiting = [name];
  let moved = 0;
  for (let current = waiting.pop(); current !== undefined; current = waiting.pop()) {
    await unlock(parent.entry(current));
    await using directory = await parent.open(current);
    for (const child of await directory.names()) {
      if ((await discard(directory.entry(child))) === 'gone') continue;
      await unlock(directory.entry(child));
      const place = `${places}-${moved++}`;
      await rename(directory.entry(child), parent.entry(place));
      waiting.push(place);
    }
    await rmdir(parent.entry(current));
  }
}

/** Who is not root may lack rights on a directory that is its own. */
async function unlock(directory: string): Promise<void> {
  if (process.getuid?.() !== 0) await chmod(directory, 0o700);
}

async function discard(path: string): Promise<'gone' | 'directory'> {
  try {
    await unlink(path);
    return 'gone';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'gone';
    // Linux says the one, POSIX the other.
    if (code === 'EISDIR' || code === 'EPERM') return 'directory';
    throw error;
  }
}
