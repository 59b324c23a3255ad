import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import type { AnchoredDirectory, Owner } from './anchored-directory.ts';
import type { Payload, PayloadFile } from './payload.ts';

/** Writes files into an empty directory, with the directories that they need (0755). */
export async function writeTree(root: AnchoredDirectory, payload: Payload, owner: Owner): Promise<void> {
  for (const [path, file] of payload) {
    const [name = '', ...parents] = path.split('/').toReversed();
    await inSubdirectory(root, parents.toReversed(), owner, (directory) =>
      directory.writeFile(name, { data: file.data, mode: file.mode & permissionBits, owner }),
    );
  }
}

/** Whether the files below `root` are those of the payload and no others, content and modes included. */
export async function treeEquals(root: AnchoredDirectory, payload: Payload): Promise<boolean> {
  const remaining = new Set(payload.keys());
  const wanted = { payload, directories: directoriesOf(payload), remaining };
  return (await everyFileMatches(root, '', wanted)) && remaining.size === 0;
}

const permissionBits = 0o777;

async function inSubdirectory(
  directory: AnchoredDirectory,
  names: readonly string[],
  owner: Owner,
  work: (directory: AnchoredDirectory) => Promise<void>,
): Promise<void> {
  const [first, ...rest] = names;
  if (first === undefined) return work(directory);
  await using child = await directory.ensure(first, { mode: 0o755, owner });
  return await inSubdirectory(child, rest, owner, work);
}

interface WantedFiles {
  readonly payload: Payload;
  readonly directories: ReadonlySet<string>;
  /** Files that have not been found yet. */
  readonly remaining: Set<string>;
}

function directoriesOf(payload: Payload): ReadonlySet<string> {
  const directories = new Set<string>();
  for (const path of payload.keys()) {
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      directories.add(path.slice(0, slash));
    }
  }
  return directories;
}

async function everyFileMatches(
  directory: AnchoredDirectory,
  prefix: string,
  wanted: WantedFiles,
): Promise<boolean> {
  for (const name of await directory.names()) {
    const path = prefix + name;
    const entry = await lstat(directory.entry(name));
    if (entry.isDirectory()) {
      // A directory that holds none of the files is not ours; this bounds the depth, too.
      if (!wanted.directories.has(path)) return false;
      await using child = await directory.open(name);
      if (!(await everyFileMatches(child, `${path}/`, wanted))) return false;
      continue;
    }
    const file = wanted.payload.get(path);
    if (file === undefined || !entry.isFile() || !(await fileMatches(directory.entry(name), file))) {
      return false;
    }
    wanted.remaining.delete(path);
  }
  return true;
}

async function fileMatches(path: string, { data, mode }: PayloadFile): Promise<boolean> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  const { size, mode: actual } = await file.stat();
  if (size !== data.length || (actual & permissionBits) !== (mode & permissionBits)) return false;
  return Buffer.compare(await file.readFile(), data) === 0;
}
