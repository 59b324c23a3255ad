import { readlinkSync } from 'node:fs';

/** By which the kernel knows this thread. Linux. */
export function threadId(): number | undefined {
  try {
    return Number(/\/task\/(\d+)$/.exec(readlinkSync('/proc/thread-self'))?.[1]);
  } catch {
    return undefined;
  }
}
