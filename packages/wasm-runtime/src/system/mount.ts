import { constants, openSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { RuntimeError } from '../errors.ts';
import type { ExactTimes } from './file-stat.ts';
import { createOpenDirectory, type OpenDirectory } from './open-directory.ts';
import { descriptorPathsWork, O_PATH } from './proc-path.ts';
import { codeOf } from './system-error.ts';

export interface MountOptions {
  readonly hostPath: string;
  readonly readOnly: boolean;
  readonly exactTimes: ExactTimes;
  readonly platform: NodeJS.Platform;
}

/** Opens a directory of this machine for a guest. Throws {@link RuntimeError} `INVALID_MOUNT`. */
export function openMount({ hostPath, readOnly, exactTimes, platform }: MountOptions): OpenDirectory {
  if (!descriptorPathsWork(platform)) {
    throw new RuntimeError(
      'INVALID_MOUNT',
      `cannot mount ${hostPath}: directories are given to guests on Linux only, where /proc/self/fd keeps them inside; run without mounts on ${platform}`,
    );
  }
  if (!isAbsolute(hostPath)) {
    throw new RuntimeError('INVALID_MOUNT', `cannot mount ${hostPath}: the host path has to be absolute`);
  }
  try {
    return createOpenDirectory({ descriptor: openHostDirectory(hostPath), readOnly, exactTimes });
  } catch (cause) {
    throw new RuntimeError('INVALID_MOUNT', `cannot mount ${hostPath}: ${reasonOf(cause)}`, { cause });
  }
}

function openHostDirectory(hostPath: string): number {
  try {
    return openSync(hostPath, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    // A directory that may be searched but not listed can still be walked.
    if (codeOf(error) !== 'EACCES') throw error;
    return openSync(hostPath, O_PATH | constants.O_DIRECTORY);
  }
}

function reasonOf(cause: unknown): string {
  const code = codeOf(cause);
  if (code === 'ENOENT') return 'there is no such directory';
  if (code === 'ENOTDIR') return 'it is not a directory';
  if (code === 'EACCES') return 'the user of the guest host may not enter it';
  return cause instanceof Error ? cause.message : String(cause);
}
