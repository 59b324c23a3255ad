import { existsSync } from 'node:fs';
import { setPriority } from 'node:os';
import type { Cgroup, Cgroups } from './cgroups.ts';
import type { GuestLimits } from './guest-spec.ts';

/** What a guest host needs beside its guest's memory: code, heap, buffers; at most what its heap may hold, and some. */
const hostBytes = 384 * 1024 * 1024;

/**
 * Gives a guest's own process its part of the machine: by a control group, or, where none can be made, its share of the CPU by
 * niceness.
 */
export function confineGuest(
  cgroups: () => Cgroups | undefined,
  pid: number,
  limits: GuestLimits,
): Cgroup | undefined {
  const { cpuShares, cpuQuota, memoryBytes } = limits;
  if (cpuShares === undefined && cpuQuota === undefined && memoryBytes === undefined) return undefined;
  const cgroup = cgroups()?.confine(pid, {
    cpuShares,
    cpuQuota,
    memoryBytes: memoryBytes === undefined ? undefined : memoryBytes + hostBytes,
  });
  if (cgroup === undefined && cpuShares !== undefined) shareByNiceness(pid, cpuShares);
  return cgroup;
}

/** Gives a guest's thread its share of the CPU: threads of one process are in one control group. */
export function confineThread(pid: number, thread: number, { cpuShares }: GuestLimits): void {
  // A guest host is not believed what threads it has.
  if (cpuShares !== undefined && existsSync(`/proc/${pid}/task/${thread}`))
    shareByNiceness(thread, cpuShares);
}

function shareByNiceness(id: number, cpuShares: number): void {
  try {
    setPriority(id, nicenessOf(cpuShares));
  } catch {
    // It is gone already, or may not have more than it has: then it has that.
  }
}

const usualShares = 1024;
const usualNiceness = 10;

/** Each step of niceness is a quarter more or less. Guests stay below the application, which is at 0. */
export function nicenessOf(shares: number): number {
  const steps = Math.log(Math.max(2, shares) / usualShares) / Math.log(1.25);
  return Math.min(19, Math.max(1, Math.round(usualNiceness - steps)));
}
