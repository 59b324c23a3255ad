import { chownSync, closeSync, constants, fstatSync, lstatSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createTimestamps, formatCriLines, type LogStream } from './cri-line.ts';

export interface CriLogOptions {
  /** Directory of the log; opened once, so that it is found again after the user has changed. */
  readonly directory: string;
  readonly file: string;
  /** Size at which a rotation is asked for. */
  readonly maxBytes: number;
  /** Who will go on writing; absent when nothing changes. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Asks the daemon to rotate: the directory is not the guest host's to change. */
  readonly requestRotation: () => void;
}

/** The log of one run, written by the guest's own process. */
export interface CriLogFile {
  /** Appends a guest's write in CRI format, in one system call. Throws the file system's error. */
  write(stream: LogStream, chunk: Uint8Array): void;
  close(): void;
}

const onLinux = process.platform === 'linux';
const openPath = 0o10000000; // O_PATH: the directory is only a place to start from

export function openCriLog(options: CriLogOptions): CriLogFile {
  const { directory, file, maxBytes, owner, requestRotation } = options;
  const directoryFd = onLinux ? openSync(directory, openPath | constants.O_DIRECTORY) : undefined;
  const path = directoryFd === undefined ? join(directory, file) : `/proc/self/fd/${directoryFd}/${file}`;
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
  const timestamp = createTimestamps();
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  let fd = openSync(path, flags, 0o640);
  // By the descriptor's path: Node's permission model has no fchown.
  if (owner) chownSync(`/proc/self/fd/${fd}`, owner.uid, owner.gid);
  let { ino, size } = fstatSync(fd);
  let rotating = false;

  /** After a rotation the name leads to another file. */
  const reopenIfRotated = (): void => {
    const now = lstatSync(path, { throwIfNoEntry: false });
    if (now === undefined || now.ino === ino) return;
    closeSync(fd);
    fd = openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW);
    ({ ino, size } = fstatSync(fd));
    rotating = false;
  };
  const makeRoom = (): void => {
    if (!rotating) {
      rotating = true;
      requestRotation();
    }
    reopenIfRotated();
    // A guest that writes faster than the daemon rotates is held back at twice the size.
    while (rotating && size >= 2 * maxBytes) {
      Atomics.wait(sleeper, 0, 0, rotationCheckMs);
      reopenIfRotated();
    }
  };

  return {
    write(stream, chunk) {
      if (chunk.length === 0) return;
      if (size >= maxBytes) makeRoom();
      const lines = formatCriLines(stream, chunk, timestamp());
      for (let at = 0; at < lines.length; ) at += writeSync(fd, lines, at);
      size += lines.length;
    },
    close() {
      closeSync(fd);
      if (directoryFd !== undefined) closeSync(directoryFd);
    },
  };
}

const rotationCheckMs = 5;
