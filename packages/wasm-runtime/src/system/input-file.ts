import { closeSync, constants, openSync } from 'node:fs';
import { RuntimeError } from '../errors.ts';
import type { ExactTimes } from './file-stat.ts';
import { openMount, type MountOptions } from './mount.ts';
import { createOpenFile, type OpenFile } from './open-file.ts';
import { ofDescriptor } from './proc-path.ts';
import { codeOf } from './system-error.ts';

/** A file of this machine from which a guest reads its standard input. Throws {@link RuntimeError} `INVALID_MOUNT`. */
export function openInputFile(
  path: Pick<MountOptions, 'hostPath' | 'root' | 'platform'>,
  exactTimes: ExactTimes,
): OpenFile {
  const refusal = (reason: string, cause?: unknown): RuntimeError => {
    const message = `cannot read standard input from ${path.hostPath}: ${reason}`;
    return new RuntimeError('INVALID_MOUNT', message, { cause });
  };
  const { kind, descriptor: found } = openMount({ ...path, guestPath: 'standard input', readOnly: true });
  try {
    if (kind !== 'file') throw refusal('it is a directory');
    const descriptor = openSync(ofDescriptor(found), constants.O_RDONLY | constants.O_NONBLOCK);
    const access = constants.O_RDONLY;
    return createOpenFile({ descriptor, access, appending: false, readOnly: true, exactTimes });
  } catch (error) {
    throw codeOf(error) === 'EACCES' ? refusal('the user of the guest host may not read it', error) : error;
  } finally {
    closeSync(found);
  }
}
