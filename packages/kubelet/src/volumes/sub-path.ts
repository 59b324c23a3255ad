import { realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { ConfigError } from '../containers/config-error.ts';
import { referencedNames } from '../containers/expansion.ts';
import type { AnchoredPath } from './anchored-directory.ts';
import { makeDirectories, openDirectoryBelow } from './anchored-directory.ts';

/**
 * The `subPath` of a volume mount, or its `subPathExpr` expanded; `undefined` when it has neither. Throws
 * {@link ConfigError} with upstream's words for one that would leave the volume or lacks a variable.
 */
export function subPathOf(
  mount: { readonly subPath?: string; readonly subPathExpr?: string },
  expand: (text: string) => string,
): string | undefined {
  const subPath = mount.subPathExpr ? expandStrictly(mount.subPathExpr, expand) : (mount.subPath ?? '');
  if (subPath === '') return undefined;
  if (isAbsolute(subPath)) {
    throw new ConfigError(`error SubPath \`${subPath}\` must not be an absolute path`);
  }
  const forbidden = subPath.split('/').includes('..') ? "'..'" : /[`\0]/.test(subPath) ? "'`'" : undefined;
  if (forbidden !== undefined) {
    throw new ConfigError(`unable to provision SubPath \`${subPath}\`: must not contain ${forbidden}`);
  }
  return subPath;
}

/**
 * Resolves a path within a writable volume; what does not exist is made as directories with the volume's mode and
 * owner. Symbolic links are followed only inside the volume. Rejects when the path leads out of it.
 *
 * @returns the path below the volume's, without links. A container may put one there right after, so whoever
 *   opens it follows none below `place.root`.
 */
export async function resolveSubPath(place: AnchoredPath, subPath: string): Promise<string> {
  const volume = await realpath(place.path);
  const names = subPath.split('/').filter((name) => name !== '' && name !== '.');
  if (names.length > maxDepth) throw new Error(`${subPath} has more than ${maxDepth} parts`);
  const { existing, missing } = await longestExisting(volume, names);
  const inside = relative(volume, existing);
  if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
    throw new Error(`${subPath} leads out of ${place.path}`);
  }
  if (missing.length > 0) {
    await using top = await openDirectoryBelow(place);
    const options = { mode: await top.mode(), owner: await top.owner() };
    await using parent = await openDirectoryBelow({ ...place, path: join(place.path, inside) });
    await makeDirectories(parent, missing, options);
  }
  return join(place.path, inside, ...missing);
}

/** Each part is held open while the ones below it are made. */
const maxDepth = 128;

/** A variable that is unknown or empty would make the path mean something else. */
function expandStrictly(text: string, expand: (text: string) => string): string {
  const missing = referencedNames(text).filter((name) => ['', `$(${name})`].includes(expand(`$(${name})`)));
  if (missing.length > 0) {
    throw new ConfigError(`missing value for ${[...new Set(missing)].toSorted().join(', ')}`);
  }
  return expand(text);
}

async function longestExisting(
  volume: string,
  names: readonly string[],
): Promise<{ readonly existing: string; readonly missing: readonly string[] }> {
  for (let count = names.length; count > 0; count--) {
    const existing = await realpath(join(volume, ...names.slice(0, count))).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      },
    );
    if (existing !== undefined) return { existing, missing: names.slice(count) };
  }
  return { existing: volume, missing: names };
}
