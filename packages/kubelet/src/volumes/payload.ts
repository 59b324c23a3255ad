import { VolumeError } from './volume-error.ts';

/** What the files of a volume are to be, by path relative to it. */
export type Payload = ReadonlyMap<string, PayloadFile>;

export interface PayloadFile {
  readonly data: Uint8Array;
  /** Permission bits. */
  readonly mode: number;
}

/** Mode of files for which nobody has said anything. */
export const defaultFileMode = 0o644;

/**
 * Throws {@link VolumeError} `INVALID` when a path would leave the volume, cannot exist, or is a directory of
 * another one, or when there is too much of it.
 */
export function checkPayload(volume: string, payload: Payload): void {
  checkSize(volume, payload);
  for (const path of payload.keys()) {
    const problem = problemOf(path) ?? parentProblem(path, payload);
    if (problem !== undefined) {
      throw new VolumeError('INVALID', volume, `invalid path: ${JSON.stringify(path)} ${problem}`);
    }
  }
}

/** An API object has 1.5 MiB at most, but a pod may project any number of them into one volume. */
const maxBytes = 32 * 1024 * 1024;
const maxFiles = 10_000;

/** Throws {@link VolumeError} `INVALID` when a volume would hold more than 32 MiB or 10,000 files. */
export function checkSize(volume: string, payload: Payload): void {
  if (payload.size > maxFiles) {
    throw new VolumeError('INVALID', volume, `it has more than ${maxFiles} files`);
  }
  let bytes = 0;
  for (const { data } of payload.values()) bytes += data.length;
  if (bytes > maxBytes) {
    throw new VolumeError('INVALID', volume, `its files have more than ${maxBytes} bytes`);
  }
}

const maxPathBytes = 4096;
const maxNameBytes = 255;
/** Each directory is held open while what is below it is written. */
const maxDepth = 128;

function problemOf(path: string): string | undefined {
  if (path === '') return 'must not be empty';
  if (path.startsWith('/')) return 'must be a relative path';
  if (path.includes('\0')) return 'must not contain NUL';
  if (Buffer.byteLength(path) > maxPathBytes) return `must be less than or equal to ${maxPathBytes} bytes`;
  const names = path.split('/');
  if (names.includes('..')) return "must not contain '..'";
  if (path.startsWith('..')) return "must not start with '..'";
  if (names.length > maxDepth) return `must have at most ${maxDepth} parts`;
  if (names.includes('') || names.includes('.')) return 'must not have empty parts';
  if (names.some((name) => Buffer.byteLength(name) > maxNameBytes)) {
    return `must have names of at most ${maxNameBytes} bytes`;
  }
  return undefined;
}

function parentProblem(path: string, payload: Payload): string | undefined {
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
    const parent = path.slice(0, slash);
    if (payload.has(parent)) return `lies below ${JSON.stringify(parent)}, which is a file`;
  }
  return undefined;
}
