import { readFile } from 'node:fs/promises';

/** What a guest has taken so far. */
export interface GuestStats extends SystemStats {
  /**
   * How often it has called its host, as far as it has told: it does so at 1,024 calls, at twice that and so on, and after each
   * 65,536. Less than is true by half at most, then; 0 below 1,024. `hostCalls` of its exit is exact.
   */
  readonly hostCalls: number;
}

/** What the kernel says of its process or thread. */
export interface SystemStats {
  /** Time on the CPU, of its process or of its thread, what it took to start it included. */
  readonly cpuSeconds: number;
  /** Memory of its process that is its own (not shared with others); absent for guests in threads, who share theirs. */
  readonly memoryBytes?: number;
}

/** Of a process on Linux; `undefined` when it is gone, and elsewhere. */
export async function processStats(pid: number): Promise<SystemStats | undefined> {
  const [stat, status] = await Promise.all([readProc(`${pid}/stat`), readProc(`${pid}/status`)]);
  if (stat === undefined || status === undefined) return undefined;
  // The second field is a name in parentheses, and may have spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const kilobytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
  return {
    cpuSeconds: ticks / ticksPerSecond,
    memoryBytes: (kilobytes('RssAnon') + kilobytes('RssShmem')) * 1024,
  };
}

/** What the kernel counts in for programs, on every machine. */
const ticksPerSecond = 100;

/** Of one thread of a process. */
export async function threadStats(pid: number, thread: number): Promise<SystemStats | undefined> {
  const schedstat = await readProc(`${pid}/task/${thread}/schedstat`);
  return schedstat === undefined ? undefined : { cpuSeconds: Number(schedstat.split(' ')[0]) / 1e9 };
}

async function readProc(file: string): Promise<string | undefined> {
  try {
    return await readFile(`/proc/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}
