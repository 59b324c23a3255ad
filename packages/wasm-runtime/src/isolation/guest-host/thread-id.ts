import { readlinkSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

/** By which the kernel knows this thread, where it is not the whole of its process. Linux. */
export function threadId(): number | undefined {
  if (isMainThread) return undefined;
  try {
    return Number(/\/task\/(\d+)$/.exec(readlinkSync('/proc/thread-self'))?.[1]);
  } catch {
    return undefined;
  }
}
