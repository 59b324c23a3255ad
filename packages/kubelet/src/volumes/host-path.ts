import type { Stats } from 'node:fs';
import type { V1HostPathVolumeSource } from '@kubernetes/client-node';
import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, normalize, resolve, sep } from 'node:path';
import { makeDirectories, openDirectoryBelow } from './anchored-directory.ts';
import { VolumeError } from './volume-error.ts';

/**
 * Checks a path of this machine against the volume's `type`, and makes it where the type says so; without a
 * type a directory that is missing is made, as container runtimes do. Throws {@link VolumeError} `HOST_PATH` with
 * upstream's words, `UNSUPPORTED` when the node does not allow the path, `INVALID`, or `IO`.
 *
 * @returns the path to mount, without links; who opens it follows none, since they may have come meanwhile
 */
export async function prepareHostPath(
  volume: string,
  { path, type = '' }: V1HostPathVolumeSource,
  allowed: readonly string[],
): Promise<string> {
  if (!isAbsolute(path) || path.split(sep).includes('..') || path.includes('\0')) {
    throw new VolumeError(
      'INVALID',
      volume,
      `hostPath ${JSON.stringify(path)} must be absolute and without '..'`,
    );
  }
  const expected = types[type];
  if (expected === undefined) {
    throw new VolumeError('INVALID', volume, `hostPath has no type ${JSON.stringify(type)}`);
  }
  try {
    // Resolved once, and only that is used: links on the way may lead elsewhere by the next look.
    const real = await realpathOfExisting(resolve(path));
    await checkAllowed(volume, { path, real }, allowed);
    const found = await statIfPresent(real);
    if (found === undefined && expected.make !== undefined) await expected.make(real);
    else if (found === undefined || !expected.matches(found)) throw mismatch(volume, path, expected.name);
    return real;
  } catch (error) {
    if (error instanceof VolumeError) throw error;
    throw new VolumeError('IO', volume, error instanceof Error ? error.message : String(error), {
      cause: error,
    });
  }
}

interface HostPathType {
  /** As the message says it. */
  readonly name: string;
  matches(found: Stats): boolean;
  /** Follows no links in the path. */
  make?(path: string): Promise<void>;
}

const directory: HostPathType = { name: 'directory', matches: (found) => found.isDirectory() };
const file: HostPathType = { name: 'file', matches: (found) => found.isFile() };
const makeDirectory = async (path: string): Promise<void> => {
  const missing: string[] = [];
  let existing = path;
  for (; (await statIfPresent(existing)) === undefined; existing = dirname(existing)) {
    missing.unshift(basename(existing));
  }
  if (missing.length > maxMade) throw new Error(`more than ${maxMade} directories of ${path} are missing`);
  await using parent = await openDirectoryBelow({ root: '/', path: existing });
  await makeDirectories(parent, missing, { mode: 0o755, owner: undefined });
};
const makeFile = async (path: string): Promise<void> => {
  await using parent = await openDirectoryBelow({ root: '/', path: dirname(path) });
  const empty = { data: new Uint8Array(), mode: 0o644, owner: undefined };
  await parent.writeFile(basename(path), empty).catch((error: NodeJS.ErrnoException) => {
    // Another pod has made it meanwhile.
    if (error.code !== 'EEXIST') throw error;
  });
};

/** Each is held open while the ones below it are made. */
const maxMade = 128;

const types: Readonly<Record<string, HostPathType | undefined>> = {
  '': { name: 'path', matches: () => true, make: makeDirectory },
  Directory: directory,
  DirectoryOrCreate: { ...directory, make: makeDirectory },
  File: file,
  FileOrCreate: { ...file, make: makeFile },
  Socket: { name: 'socket file', matches: (found) => found.isSocket() },
  CharDevice: { name: 'character device', matches: (found) => found.isCharacterDevice() },
  BlockDevice: { name: 'block device', matches: (found) => found.isBlockDevice() },
};

function mismatch(volume: string, path: string, expected: string): VolumeError {
  return new VolumeError('HOST_PATH', volume, `hostPath type check failed: ${path} is not a ${expected}`);
}

/** What counts is where the path leads, not how it is written. */
async function checkAllowed(
  volume: string,
  { path, real }: { readonly path: string; readonly real: string },
  allowed: readonly string[],
): Promise<void> {
  for (const root of allowed) {
    const realRoot = await realpathOfExisting(normalize(root));
    if (real === realRoot || real.startsWith(realRoot.endsWith(sep) ? realRoot : realRoot + sep)) return;
  }
  throw new VolumeError(
    'UNSUPPORTED',
    volume,
    `hostPath ${path} is not among the paths that this node allows (${allowed.join(', ') || 'none'})`,
  );
}

/** Resolves links as far as the path exists and adds the rest as it is written. */
async function realpathOfExisting(path: string): Promise<string> {
  const resolved = await realpath(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && dirname(path) !== path) return undefined;
    throw error;
  });
  if (resolved !== undefined) return resolved;
  const parent = await realpathOfExisting(dirname(path));
  return join(parent, path.slice(dirname(path).length));
}

async function statIfPresent(path: string): Promise<Stats | undefined> {
  return lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}
