import { join } from 'node:path';

/**
 * Where a pod's files are:
 *
 * ```
 * <data-dir>/pods/<uid>/                                 0711
 *   volumes/                                             0700, what the provider may hand to the pod's user
 *     kubernetes.io~configmap/<name>/..data -> ..2026_…  published by rename
 *     kubernetes.io~empty-dir/<name>/                    0777
 *   logs/<container>/<n>.log                             run n in CRI format
 *   logs/<container>/<n>.log.<YYYYMMDD-hhmmss>           the same run, rotated
 * ```
 *
 * Every function throws a `RangeError` when a part would leave its directory.
 */
export function podDirectory(dataDirectory: string, uid: string): string {
  return join(dataDirectory, 'pods', segment(uid));
}

/** What `PodSandboxSpec.directory` names. */
export function volumesDirectory(dataDirectory: string, uid: string): string {
  return join(podDirectory(dataDirectory, uid), 'volumes');
}

/** Holds the logs of all runs of one container. */
export function logDirectory(dataDirectory: string, uid: string, container: string): string {
  return join(podDirectory(dataDirectory, uid), 'logs', segment(container));
}

/** @param attempt number of the run, from 0 */
export function logPath(dataDirectory: string, uid: string, container: string, attempt: number): string {
  if (!Number.isSafeInteger(attempt) || attempt < 0) {
    throw new RangeError(`the number of a run is an integer from 0, not ${attempt}`);
  }
  return join(logDirectory(dataDirectory, uid, container), `${attempt}.log`);
}

const maxSegmentBytes = 255;

function segment(name: string): string {
  if (
    name === '' ||
    name === '.' ||
    name === '..' ||
    /[/\\\0]/.test(name) ||
    Buffer.byteLength(name) > maxSegmentBytes
  ) {
    throw new RangeError(`${JSON.stringify(name)} cannot be the name of a file or directory`);
  }
  return name;
}
