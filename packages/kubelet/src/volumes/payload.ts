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
 * another one.
 */
export function checkPayload(volume: string, payload: Payload): void {
  for (const path of payload.keys()) {
    const problem = problemOf(path) ?? parentProblem(path, payload);
    if (problem !== undefined) {
      throw new VolumeError('INVALID', volume, `invalid path: ${JSON.stringify(path)} ${problem}`);
    }
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
