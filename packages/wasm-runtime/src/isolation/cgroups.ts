import { existsSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import {
  attempt,
  type CgroupLimits,
  type CgroupPlaces,
  findHierarchies,
  type Hierarchy,
  usualPlaces,
} from './cgroup-hierarchies.ts';

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

/**
 * Finds where this process may make groups below its own: version 2 or 1, on Linux. Of version 2, a group that has processes
 * cannot be divided: where they are this one and its children alone, they are moved into one below it.
 */
export function findCgroups(places: CgroupPlaces = usualPlaces): Cgroups | undefined {
  const hierarchies = process.platform === 'linux' ? findHierarchies(places) : [];
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
