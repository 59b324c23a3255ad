import { readFile } from 'node:fs/promises';

/** What a guest has taken so far. */
export interface GuestStats {
  /** Time on the CPU, of its process or of its thread, what it took to start it included. */
  readonly cpuSeconds: number;
  /** Memory of its process that is its own (not shared with others); absent for guests in threads, who share theirs. */
  readonly memoryBytes?: number;
}

/** Of a process on Linux; `undefined` when it is gone, and elsewhere. */
export async function processStats(pid: number): Promise<GuestStats | undefined> {
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
export async function threadStats(pid: number, thread: number): Promise<GuestStats | undefined> {
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
