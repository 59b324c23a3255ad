import { RuntimeError } from '../errors.ts';
import { prepareLog } from '../output/prepare-log.ts';
import { checkSpec } from './assignment.ts';
import { endedGuest } from './ended-guest.ts';
import type { Group } from './groups.ts';
import { confineGuest } from './guest-cgroup.ts';
import type { GuestSpec, Isolation } from './guest-spec.ts';
import type { Guest, Sandbox } from './guest.ts';
import { startPlacedGuest } from './placed-guest.ts';
import type { PlacePool } from './place-pool.ts';
import { prepareModule } from './prepare-module.ts';
import type { Tiers } from './tiers.ts';

export interface SandboxInput {
  readonly id: string;
  readonly tiers: Tiers;
  readonly group: Group;
  readonly allowed: readonly Isolation[];
  readonly onClosed: () => void;
}

export function createSandbox({ id, tiers, group, allowed, onClosed }: SandboxInput): Sandbox {
  const { user } = group;
  const guests = new Set<Guest>();
  const controller = new AbortController();
  const starting = new Set<Promise<unknown>>();

  const placesOf = (isolation: Isolation): PlacePool => {
    if (isolation === 'thread') return group.threads();
    return isolation === 'process' ? tiers.process : tiers.inProcess();
  };
  const start = async (spec: GuestSpec, signal: AbortSignal): Promise<Guest> => {
    const { isolation = 'process', limits = {} } = spec;
    checkIsolation(spec.name, isolation, allowed);
    checkSpec(spec);
    const module = prepareModule(spec.name, spec.module, limits, spec.hostModules);
    if (module.kind === 'out-of-memory') return endedGuest(spec, module.message);
    // Guest hosts with threads have become the user already, and may not make files where logs are.
    if (isolation === 'thread' && user) await prepareLog(spec, user);
    signal.throwIfAborted();
    const pool = placesOf(isolation);
    const guestUser = isolation === 'process' ? user : undefined;
    const place = pool.take();
    const cgroup =
      isolation === 'process' ? confineGuest(() => tiers.cgroups(), place.pid, limits) : undefined;
    const placed = { spec, module, place, cgroup, user: guestUser };
    const guest = await startPlacedGuest(placed, { signal }).finally(() => pool.refill(place));
    guests.add(guest);
    void guest.exited.then(() => guests.delete(guest));
    return guest;
  };

  return {
    ...(user ? { user } : {}),
    async start(spec, { signal } = {}) {
      if (controller.signal.aborted) throw new RuntimeError('CLOSED', `the sandbox ${id} has been closed`);
      const either = signal ? AbortSignal.any([signal, controller.signal]) : controller.signal;
      const guest = start(spec, either);
      const settled = guest.then(
        () => {},
        () => {},
      );
      starting.add(settled);
      void settled.then(() => starting.delete(settled));
      return guest;
    },
    async [Symbol.asyncDispose]() {
      if (controller.signal.aborted) return;
      controller.abort(new RuntimeError('CLOSED', `the sandbox ${id} has been closed`));
      await Promise.all(starting);
      await Promise.all([...guests].map((guest) => guest[Symbol.asyncDispose]()));
      await group.leave();
      onClosed();
    },
  };
}

function checkIsolation(name: string, isolation: Isolation, allowed: readonly Isolation[]): void {
  if (allowed.includes(isolation)) return;
  const words = allowed.map((word) => `'${word}'`).join(', ');
  throw new RuntimeError(
    'INVALID_SPEC',
    `${name}: isolation '${isolation}' is not allowed here, but ${words}`,
  );
}
