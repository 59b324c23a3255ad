import {
  accessSync,
  constants,
  existsSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
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
  /**
   * Moves a process into a group of its own; `undefined` where there is nothing to hold it to. It takes some milliseconds in the
   * kernel, for which nobody has to wait.
   */
  confine(pid: number, limits: CgroupLimits): Cgroup | undefined;
}

/** The group of one process. */
export interface Cgroup {
  /** Settles when the process is in it, or cannot be put there. */
  readonly entered: Promise<void>;
  /** Takes the CPU quota away: a process that has used it up would die at the next period only. */
  release(): void;
  /** To be called when the process is gone. Tells whether the kernel has killed it because of the group's memory. */
  remove(): Promise<{ readonly outOfMemory: boolean }>;
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
      const wanted = hierarchies.filter((hierarchy) => hierarchy.settings(limits).length > 0);
      return wanted.length === 0 ? undefined : openCgroup(wanted, name, pid, limits);
    },
  };
}

const prefix = 'wasmlet-';

function openCgroup(
  hierarchies: readonly Hierarchy[],
  name: string,
  pid: number,
  limits: CgroupLimits,
): Cgroup {
  let gone = false;
  const enter = async (hierarchy: Hierarchy): Promise<void> => {
    const group = join(hierarchy.directory, name);
    try {
      await mkdir(group);
      for (const [file, value] of hierarchy.settings(limits)) await writeFile(join(group, file), value);
      // Its number may be another's by then.
      if (!gone) await writeFile(join(group, 'cgroup.procs'), String(pid));
    } catch {
      // What the kernel refuses is left undone: limits by control groups are held where they can be.
    }
  };
  const entered = Promise.all(hierarchies.map(enter)).then(() => {});
  return {
    entered,
    release() {
      for (const { directory, unlimited } of hierarchies) {
        if (unlimited) attempt(() => writeFileSync(join(directory, name, unlimited[0]), unlimited[1]));
      }
    },
    async remove() {
      gone = true;
      await entered;
      const outOfMemory = hierarchies.some(
        ({ directory, kills }) => kills !== undefined && countKills(join(directory, name, kills)) > 0,
      );
      for (const { directory } of hierarchies) removeGroup(join(directory, name));
      return { outOfMemory };
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
  return (
    attempt(() => {
      accessSync(directory, constants.W_OK);
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

/** `undefined` for what the kernel refuses. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
