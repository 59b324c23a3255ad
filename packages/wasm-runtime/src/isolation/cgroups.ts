import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

/** Where this process may make control groups. */
export interface Cgroups {
  /** Moves a process into a group of its own; `undefined` where there is nothing to hold it to, or it cannot be done. */
  confine(pid: number, limits: CgroupLimits): Cgroup | undefined;
}

/** The group of one process. */
export interface Cgroup {
  /** Whether the kernel has killed the process because of the group's memory. */
  outOfMemory(): boolean;
  /** Takes the CPU quota away: a process that has used it up would die at the next period only. */
  release(): void;
  /** To be called when the process is gone. */
  remove(): void;
}

/** One directory of limits; version 1 has one per controller. */
interface Hierarchy {
  readonly directory: string;
  /** Files and what is written into them; nothing where no limit is this one's. */
  settings(limits: CgroupLimits): readonly (readonly [file: string, value: string])[];
  /** What takes a quota away. */
  readonly unlimited: readonly [file: string, value: string] | undefined;
  /** Where kills are counted, as `oom_kill <n>`. */
  readonly kills: string | undefined;
}

const mountPoint = '/sys/fs/cgroup';
const periodUs = 100_000;

/** Finds where this process may make groups below its own: version 2 or 1, on Linux. */
export function findCgroups(): Cgroups | undefined {
  const hierarchies = process.platform === 'linux' ? findHierarchies() : [];
  if (hierarchies.length === 0) return undefined;
  for (const { directory } of hierarchies) removeForgotten(directory);
  let number = 0;
  return {
    confine(pid, limits) {
      number += 1;
      const name = `${prefix}${process.pid}-${number}`;
      const groups = hierarchies.filter((hierarchy) => enter(hierarchy, name, pid, limits));
      return groups.length === 0 ? undefined : cgroupOf(groups, name);
    },
  };
}

const prefix = 'wasmlet-';

function enter(hierarchy: Hierarchy, name: string, pid: number, limits: CgroupLimits): boolean {
  const settings = hierarchy.settings(limits);
  if (settings.length === 0) return false;
  const group = join(hierarchy.directory, name);
  try {
    mkdirSync(group);
    for (const [file, value] of settings) writeFileSync(join(group, file), value);
    writeFileSync(join(group, 'cgroup.procs'), String(pid));
    return true;
  } catch {
    removeGroup(group);
    return false;
  }
}

function cgroupOf(groups: readonly Hierarchy[], name: string): Cgroup {
  return {
    outOfMemory: () =>
      groups.some(
        ({ directory, kills }) => kills !== undefined && countKills(join(directory, name, kills)) > 0,
      ),
    release() {
      for (const { directory, unlimited } of groups) {
        if (unlimited) attempt(() => writeFileSync(join(directory, name, unlimited[0]), unlimited[1]));
      }
    },
    remove() {
      for (const { directory } of groups) removeGroup(join(directory, name));
    },
  };
}

function findHierarchies(): readonly Hierarchy[] {
  const memberships = attempt(() => readFileSync('/proc/self/cgroup', 'utf8')) ?? '';
  const paths = new Map<string, string>();
  for (const line of memberships.trim().split('\n')) {
    const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    for (const controller of controllers.split(',')) paths.set(controller, path);
  }
  if (existsSync(join(mountPoint, 'cgroup.controllers'))) {
    const directory = join(mountPoint, paths.get('') ?? '/');
    // Refused where the group itself has processes: then the application has not been given a group to divide.
    const shared = attempt(() => {
      writeFileSync(join(directory, 'cgroup.subtree_control'), '+cpu +memory');
      return true;
    });
    return shared && canMakeGroups(directory) ? [{ ...version2, directory }] : [];
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
  const probe = join(directory, `${prefix}${process.pid}-probe`);
  return (
    attempt(() => {
      mkdirSync(probe);
      rmdirSync(probe);
      return true;
    }) ?? false
  );
}

/** Groups of applications that have been killed. One that still has processes cannot be removed, and stays. */
function removeForgotten(directory: string): void {
  for (const name of attempt(() => readdirSync(directory)) ?? []) {
    const [, pid] = /^wasmlet-(\d+)-/.exec(name) ?? [];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) removeGroup(join(directory, name));
  }
}

function removeGroup(group: string): void {
  attempt(() => rmdirSync(group));
}

function countKills(file: string): number {
  return Number(/^oom_kill (\d+)$/m.exec(attempt(() => readFileSync(file, 'utf8')) ?? '')?.[1] ?? 0);
}

/** What the kernel refuses is left undone: limits by control groups are held where they can be. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
