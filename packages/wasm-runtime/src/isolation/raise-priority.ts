import { existsSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/** A process, or thread of it, dies on its own time: at a guest's low priority that would be long on a busy machine. */
export function raisePriority(pid: number, thread = pid): void {
  try {
    // A guest host is not believed what threads it has.
    if (thread !== pid && !existsSync(`/proc/${pid}/task/${thread}`)) return;
    setPriority(thread, constants.priority.PRIORITY_NORMAL);
  } catch {
    // Only root may; it dies all the same.
  }
}
