import { randomBytes } from 'node:crypto';
import { lstat, readlink, rename, symlink } from 'node:fs/promises';
import type { AnchoredDirectory, Owner } from './anchored-directory.ts';
import { giveTo } from './anchored-directory.ts';
import { treeEquals, writeTree } from './file-tree.ts';
import type { Payload } from './payload.ts';

/**
 * Makes the files of a volume equal to the payload, so that readers see either all old files or all new
 * ones. The layout is upstream's:
 *
 * ```
 * ..2026_11_24_08_52_57.123456789/dir/file    the payload
 * ..data -> ..2026_11_24_08_52_57.123456789   swapped by rename
 * dir -> ..data/dir                           what readers open
 * ```
 *
 * All belongs to the owner of `volume`. What an interrupted write left behind is removed. One call at a time.
 *
 * @returns false when the files were as wanted already and nothing was written
 */
export async function writeAtomically(
  volume: AnchoredDirectory,
  payload: Payload,
  now: Date,
): Promise<boolean> {
  const owner = await volume.owner();
  const current = await currentDirectory(volume);
  const unchanged = current !== undefined && (await holds(volume, current, payload));
  const wanted = unchanged ? current : await writePayload(volume, payload, owner, now);
  if (!unchanged) await swapLink(volume, wanted, owner);
  await linkNames(volume, payload, owner);
  await removeLeftovers(volume, payload, wanted);
  return !unchanged;
}

const dataLink = '..data';
const nextDataLink = '..data_tmp';

/** Name of the directory that holds what readers see now. */
async function currentDirectory(volume: AnchoredDirectory): Promise<string | undefined> {
  const target = await linkTarget(volume.entry(dataLink));
  return target !== undefined && /^\.\.\d{4}[\w.]+$/.test(target) ? target : undefined;
}

async function holds(volume: AnchoredDirectory, name: string, payload: Payload): Promise<boolean> {
  try {
    await using directory = await volume.open(name);
    return await treeEquals(directory, payload);
  } catch {
    return false;
  }
}

async function writePayload(
  volume: AnchoredDirectory,
  payload: Payload,
  owner: Owner,
  now: Date,
): Promise<string> {
  const name = directoryName(now);
  try {
    await using directory = await volume.ensure(name, { mode: 0o755, owner });
    await writeTree(directory, payload, owner);
  } catch (error) {
    await volume.remove(name);
    throw error;
  }
  return name;
}

function directoryName(now: Date): string {
  const [date = '', time = ''] = now.toISOString().slice(0, 19).split('T');
  const unique = randomBytes(4).readUInt32BE().toString().padStart(10, '0');
  return `..${date.replaceAll('-', '_')}_${time.replaceAll(':', '_')}.${unique}`;
}

async function swapLink(volume: AnchoredDirectory, target: string, owner: Owner): Promise<void> {
  await volume.remove(nextDataLink);
  await symlink(target, volume.entry(nextDataLink));
  await giveTo(owner, volume.entry(nextDataLink));
  if (!(await isLinkOrAbsent(volume.entry(dataLink)))) await volume.remove(dataLink);
  await rename(volume.entry(nextDataLink), volume.entry(dataLink));
}

async function linkNames(volume: AnchoredDirectory, payload: Payload, owner: Owner): Promise<void> {
  for (const name of topNames(payload)) {
    const target = `${dataLink}/${name}`;
    if ((await linkTarget(volume.entry(name))) === target) continue;
    await volume.remove(name);
    await symlink(target, volume.entry(name));
    await giveTo(owner, volume.entry(name));
  }
}

async function removeLeftovers(volume: AnchoredDirectory, payload: Payload, current: string): Promise<void> {
  const kept = new Set([dataLink, current, ...topNames(payload)]);
  for (const name of await volume.names()) {
    if (!kept.has(name)) await volume.remove(name);
  }
}

function topNames(payload: Payload): ReadonlySet<string> {
  return new Set([...payload.keys()].map((path) => path.split('/', 1)[0] ?? path));
}

async function linkTarget(path: string): Promise<string | undefined> {
  return readlink(path).catch(() => undefined);
}

async function isLinkOrAbsent(path: string): Promise<boolean> {
  return lstat(path).then(
    (entry) => entry.isSymbolicLink(),
    () => true,
  );
}
