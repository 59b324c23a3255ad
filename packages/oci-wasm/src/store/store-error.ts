import { OciError } from '../errors.ts';

/** Says in words what the file system's errors mean for a store. Other errors pass as they are. */
export function storeError(error: unknown, directory: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  // An abort's reason and failures of a source have no errno of the file system.
  if (error instanceof OciError || typeof code !== 'string' || !/^E[A-Z0-9]+$/.test(code)) return error;
  return new OciError('STORE_FAILED', `store ${directory}: ${remedies[code] ?? message}`, { cause: error });
}

const remedies: Readonly<Record<string, string>> = {
  ENOENT: 'a directory of it is missing, and none can be made there; give another one',
  ENOSPC: 'the disk is full; free space there',
  EDQUOT: 'the disk quota is used up; free space there',
  EFBIG: 'the file would be larger than this process may write (ulimit -f)',
  EACCES: 'it may not be written by this user; give another directory or the rights',
  EPERM: 'it may not be written by this user; give another directory or the rights',
  EROFS: 'the file system is read-only; give another directory',
  ENOTDIR: 'a part of the path is no directory',
  EMFILE: 'too many files are open (ulimit -n)',
  ENFILE: 'too many files are open on this machine',
};
