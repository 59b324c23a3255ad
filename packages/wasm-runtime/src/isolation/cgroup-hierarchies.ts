import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';

/** What a control group holds a process to. */
export interface CgroupLimits {
  /** Weight against others, 1024 for a request of one core. */
  readonly cpuShares?: number | undefined;
  /** Cores. */
  readonly cpuQuota?: number | undefined;
  /** Resident memory of the process. */
  readonly memoryBytes?: number | undefined;
}

/** One directory of limits; version 1 has one per controller. */
export interface Hierarchy {
  readonly directory: string;
  /** Files and what is written into them; nothing where no limit is this one's. */
  settings(limits: CgroupLimits): readonly (readonly [file: string, value: string])[];
  /** What takes a quota away. */
  readonly unlimited: readonly [file: string, value: string] | undefined;
  /** Where kills are counted, as `oom_kill <n>`. */
  readonly kills: string | undefined;
}

/** Where control groups are looked for. */
export interface CgroupPlaces {
  /** Of version 2, or of one directory for each controller of version 1. @default '/sys/fs/cgroup' */
  readonly mountPoint: string;
  /** File with the groups of this process. @default '/proc/self/cgroup' */
  readonly memberships: string;
}

export const usualPlaces: CgroupPlaces = { mountPoint: '/sys/fs/cgroup', memberships: '/proc/self/cgroup' };
const periodUs = 100_000;

/** The directories below which this process may make groups; of version 2 or 1. */
export function findHierarchies({ mountPoint, memberships }: CgroupPlaces): readonly Hierarchy[] {
  const paths = new Map<string, string>();
  for (const line of (attempt(() => readFileSync(memberships, 'utf8')) ?? '').trim().split('\n')) {
    const [, names = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    for (const controller of names.split(',')) paths.set(controller, path);
  }
  if (existsSync(join(mountPoint, 'cgroup.controllers'))) {
    const group = divisibleGroup(join(mountPoint, paths.get('') ?? '/'));
    return group === undefined ? [] : [group];
  }
  const found = [
    { ...cpuVersion1, directory: join(mountPoint, 'cpu', paths.get('cpu') ?? '/') },
    { ...memoryVersion1, directory: join(mountPoint, 'memory', paths.get('memory') ?? '/') },
  ];
  return found.filter(({ directory }) => canMakeGroups(directory));
}

const version2: Omit<Hierarchy, 'directory'> = {
  settings: ({ cpuShares, cpuQuota, memoryBytes }) => [
    ...setting('cpu.weight', cpuShares, (shares) =>
      Math.round(1 + ((clampShares(shares) - 2) * 9_999) / 262_142),
    ),
    ...setting('cpu.max', cpuQuota, (cores) => `${quotaUs(cores)} ${periodUs}`),
    ...setting('memory.max', memoryBytes, Math.ceil),
  ],
  unlimited: ['cpu.max', `max ${periodUs}`],
  kills: 'memory.events',
};

/** A group of version 2 whose controllers those below it may have; `undefined` where there is none. */
function divisibleGroup(own: string): Hierarchy | undefined {
  const directory = basename(own) === applicationName ? dirname(own) : own;
  if (!canMakeGroups(directory)) return undefined;
  const given = wordsOf(join(directory, 'cgroup.controllers')).filter((name) => controllers.includes(name));
  const share = (): readonly string[] => given.filter((name) => shareController(directory, name));
  let shared = share();
  if (shared.length < given.length && moveApplication(directory)) shared = share();
  if (shared.length === 0) return undefined;
  return {
    ...version2,
    directory,
    settings: (limits) =>
      version2.settings(limits).filter(([file]) => shared.includes(file.split('.')[0] ?? '')),
  };
}

const controllers = ['cpu', 'memory'];

function shareController(directory: string, name: string): boolean {
  return (
    attempt(() => {
      writeFileSync(join(directory, 'cgroup.subtree_control'), `+${name}`);
      return true;
    }) ?? false
  );
}

/** Where an application goes that was alone in its group; as long as that group lasts. */
const applicationName = 'wasmlet-application';

/** False where somebody else is in the group, who is not to be moved. */
function moveApplication(directory: string): boolean {
  const pids = wordsOf(join(directory, 'cgroup.procs')).map(Number);
  if (!pids.includes(process.pid) || !pids.every(isOwnProcess)) return false;
  const group = join(directory, applicationName);
  if (!existsSync(group)) attempt(() => mkdirSync(group));
  for (const pid of pids) attempt(() => writeFileSync(join(group, 'cgroup.procs'), String(pid)));
  return true;
}

/** Whether it is this process, or one that it has started, itself or by others. */
function isOwnProcess(pid: number): boolean {
  if (pid === process.pid) return true;
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // One that has gone meanwhile is nobody's.
  if (stat === undefined) return true;
  const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  return parent > 1 && isOwnProcess(parent);
}

function wordsOf(file: string): readonly string[] {
  return (attempt(() => readFileSync(file, 'utf8')) ?? '').split(/\s+/).filter((word) => word !== '');
}

const cpuVersion1: Omit<Hierarchy, 'directory'> = {
  settings: ({ cpuShares, cpuQuota }) => [
    ...setting('cpu.shares', cpuShares, clampShares),
    ...setting('cpu.cfs_quota_us', cpuQuota, quotaUs),
  ],
  unlimited: ['cpu.cfs_quota_us', '-1'],
  kills: undefined,
};

const memoryVersion1: Omit<Hierarchy, 'directory'> = {
  settings: ({ memoryBytes }) => setting('memory.limit_in_bytes', memoryBytes, Math.ceil),
  unlimited: undefined,
  kills: 'memory.oom_control',
};

function setting(
  file: string,
  limit: number | undefined,
  valueOf: (limit: number) => number | string,
): readonly (readonly [file: string, value: string])[] {
  return limit === undefined ? [] : [[file, String(valueOf(limit))]];
}

function clampShares(shares: number): number {
  return Math.min(262_144, Math.max(2, Math.round(shares)));
}

/** The kernel takes no less than a millisecond. */
function quotaUs(cores: number): number {
  return Math.max(1_000, Math.round(cores * periodUs));
}

function canMakeGroups(directory: string): boolean {
  return (
    attempt(() => {
      accessSync(directory, constants.W_OK);
      return true;
    }) ?? false
  );
}

/** `undefined` for what the kernel refuses. */
export function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
