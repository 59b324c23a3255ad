import process from 'node:process';
import { RuntimeError } from '../errors.ts';
import { checkSpec } from './assignment.ts';
import { findLauncher } from './birth.ts';
import type { GuestSpec } from './guest-spec.ts';
import type { AbortOptions, Guest, Sandbox, SandboxSpec, WasmRuntime } from './guest.ts';
import { createPlacePool, type PlacePool } from './place-pool.ts';
import { type Keeper, startKeeper } from './keeper.ts';
import { endedGuest } from './ended-guest.ts';
import { prepareModule } from './prepare-module.ts';
import { startPlacedGuest } from './placed-guest.ts';
import { startProcessPlace } from './process-place.ts';
import {
  createSandboxUsers,
  defaultUserRange,
  handOver,
  type SandboxUser,
  type UserRange,
} from './sandbox-users.ts';

/** Options of {@link createRuntime}. */
export interface RuntimeOptions {
  /** `file:` URLs of the host modules that guests may name. @default none */
  readonly hostModules?: readonly string[];
  readonly pool?: {
    /** Guest hosts that wait, loaded, for the next guest; each costs about 12 MB. @default 1 */
    readonly idle?: number;
  };
  /**
   * Users under which guest hosts run, one per sandbox; only where the application is root.
   * `none`: they run as the application does. @default 65,536 ids from 2,000,000,000
   */
  readonly sandboxUsers?: UserRange | 'none';
}

/**
 * A runtime whose guests run in processes of their own (tier `process`). Starting it is cheap; the first
 * guest host is loaded in the background.
 */
export function createRuntime(options: RuntimeOptions = {}): WasmRuntime {
  const { hostModules = [], pool: { idle = 1 } = {}, sandboxUsers = defaultUserRange } = options;
  const users =
    sandboxUsers !== 'none' && process.platform === 'linux' && process.getuid?.() === 0
      ? createSandboxUsers(sandboxUsers)
      : undefined;
  const sandboxes = new Set<Sandbox>();
  const opening = openParts({ hostModules, idle, keepsUser: users === undefined });
  opening.catch(() => {}); // who starts a guest hears of it
  let state: { readonly kind: 'open'; readonly parts: Promise<Parts> } | { readonly kind: 'closed' } = {
    kind: 'open',
    parts: opening,
  };
  const parts = (): Promise<Parts> => {
    if (state.kind === 'closed') throw closedError();
    return state.parts;
  };

  const openSandbox = async (spec: SandboxSpec, { signal }: AbortOptions = {}): Promise<Sandbox> => {
    signal?.throwIfAborted();
    const { pool } = await orAborted(parts(), signal);
    const directories = spec.directories ?? [];
    const user = users?.take(directories);
    try {
      if (user) await Promise.all(directories.map((directory) => handOver(directory, user)));
    } catch (cause) {
      if (user) users?.release(user);
      throw new RuntimeError(
        'INVALID_MOUNT',
        `sandbox ${spec.id}: its directories cannot be handed over: ${(cause as Error).message}`,
        { cause },
      );
    }
    const sandbox = createSandbox(spec, pool, user, () => {
      sandboxes.delete(sandbox);
      if (user) users?.release(user);
    });
    if (state.kind === 'closed') {
      await sandbox[Symbol.asyncDispose]();
      throw closedError();
    }
    sandboxes.add(sandbox);
    return sandbox;
  };

  return {
    openSandbox,
    async start(spec, abort) {
      const sandbox = await openSandbox({ id: spec.name }, abort);
      try {
        const guest = await sandbox.start(spec, abort);
        void guest.exited.then(() => sandbox[Symbol.asyncDispose]());
        return guest;
      } catch (error) {
        await sandbox[Symbol.asyncDispose]();
        throw error;
      }
    },
    async [Symbol.asyncDispose]() {
      if (state.kind === 'closed') return;
      const opened = state.parts;
      state = { kind: 'closed' };
      const { pool, keeper } = await opened;
      await Promise.all([...sandboxes].map((sandbox) => sandbox[Symbol.asyncDispose]()));
      await pool[Symbol.asyncDispose]();
      await keeper?.[Symbol.asyncDispose]();
    },
  };
}

/** What is awaited goes on for those who come later. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function closedError(): RuntimeError {
  return new RuntimeError('CLOSED', 'the runtime has been closed');
}

interface Parts {
  readonly pool: PlacePool;
  readonly keeper: Keeper | undefined;
}

interface PartsOptions {
  readonly hostModules: readonly string[];
  readonly idle: number;
  readonly keepsUser: boolean;
}

async function openParts({ hostModules, idle, keepsUser }: PartsOptions): Promise<Parts> {
  const [keeper, launcher] = await Promise.all([
    process.platform === 'win32' ? undefined : startKeeper(),
    findLauncher(keepsUser),
  ]);
  const host = { hostModules, keeper, launcher };
  return { keeper, pool: createPlacePool({ idle, start: (how) => startProcessPlace(host, how) }) };
}

function createSandbox(
  { id }: SandboxSpec,
  pool: PlacePool,
  user: SandboxUser | undefined,
  onClosed: () => void,
): Sandbox {
  const guests = new Set<Guest>();
  const controller = new AbortController();
  const starting = new Set<Promise<unknown>>();

  const start = async (spec: GuestSpec, signal: AbortSignal): Promise<Guest> => {
    checkSpec(spec);
    const module = prepareModule(spec.name, spec.module, spec.limits ?? {});
    if (module.kind === 'out-of-memory') return endedGuest(spec, module.message);
    signal.throwIfAborted();
    const guest = await startPlacedGuest({ spec, module, place: pool.take(), user }, { signal }).finally(() =>
      pool.refill(),
    );
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
      onClosed();
    },
  };
}
