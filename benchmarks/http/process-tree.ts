import { readFile, readdir } from 'node:fs/promises';

/** What a process and all below it have used so far, and have now. */
export interface TreeUse {
  readonly cpuMs: number;
  readonly privateBytes: number;
}

/** The kernel counts processor time for us in these. */
const tickMs = 10;

export async function useOf(pid: number): Promise<TreeUse> {
  const uses = await Promise.all((await treeOf(pid)).map(useOfProcess));
  return {
    cpuMs: uses.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    privateBytes: uses.reduce((sum, { privateBytes }) => sum + privateBytes, 0),
  };
}

/** The most memory that a process has had resident. */
export async function peakBytes(pid: number): Promise<number> {
  return field(await readFile(`/proc/${pid}/status`, 'utf8'), 'VmHWM');
}

async function treeOf(pid: number): Promise<readonly number[]> {
  const threads = await readdir(`/proc/${pid}/task`);
  const children = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '')),
  );
  const pids = children.flatMap((text) => text.split(' ').filter(Boolean).map(Number));
  return [pid, ...(await Promise.all(pids.map(treeOf))).flat()];
}

async function useOfProcess(pid: number): Promise<TreeUse> {
  const [stat, rollup] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/smaps_rollup`, 'utf8'),
  ]);
  // Behind the name, which may have any bytes: the state is the third field.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    cpuMs: (Number(fields[11]) + Number(fields[12])) * tickMs,
    privateBytes: field(rollup, 'Private_Clean') + field(rollup, 'Private_Dirty'),
  };
}

function field(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024;
}
