import process from 'node:process';
import { RuntimeError } from '../errors.ts';
import { createGroups, type Groups } from './groups.ts';
import { isolations, type Isolation } from './guest-spec.ts';
import type { AbortOptions, Sandbox, SandboxSpec, WasmRuntime } from './guest.ts';
import { createSandbox } from './sandbox.ts';
import {
  createSandboxUsers,
  defaultUserRange,
  handOver,
  type SandboxUsers,
  type UserRange,
} from './sandbox-users.ts';
import type { ThreadCounts } from './thread/thread-places.ts';
import { openTiers, type TierOptions, type Tiers } from './tiers.ts';

/** Options of {@link createRuntime}. */
export interface RuntimeOptions {
  /** `file:` URLs of the host modules that guests may name. @default none */
  readonly hostModules?: readonly string[];
  readonly pool?: {
    /** Guest hosts that wait, loaded, for the next guest; each costs about 12 MB. @default 1 */
    readonly idle?: number;
    /**
     * How many may wait for half a minute after guests have come faster than guest hosts were made: one more for each
     * guest that had to wait. @default 4, none where none is to wait
     */
    readonly maxIdle?: number;
  };
  /** Ways in which guests may be kept apart; other specs are refused. @default all */
  readonly allowedIsolation?: readonly Isolation[];
  /** For guests of the isolation `thread`. */
  readonly threads?: ThreadCounts;
  /**
   * Users under which guest hosts run, one per sandbox; only where the application is root.
   * `none`: they run as the application does. @default 65,536 ids from 2,000,000,000
   */
  readonly sandboxUsers?: UserRange | 'none';
}

/**
 * A runtime whose guests run in processes of their own, or in threads where their specs say so. Starting it is cheap;
 * the first guest host is loaded in the background.
 */
export function createRuntime(options: RuntimeOptions = {}): WasmRuntime {
  const { sandboxUsers = defaultUserRange, allowedIsolation: allowed = isolations } = options;
  const users =
    sandboxUsers !== 'none' && process.platform === 'linux' && process.getuid?.() === 0
      ? createSandboxUsers(sandboxUsers)
      : undefined;
  const sandboxes = new Set<Sandbox>();
  const opening = openParts(users, {
    hostModules: options.hostModules ?? [],
    allowed,
    pool: poolOf(options.pool),
    threads: options.threads ?? {},
    keepsUser: users === undefined,
  });
  opening.catch(() => {}); // who starts a guest hears of it
  let state: { readonly kind: 'open'; readonly parts: Promise<Parts> } | { readonly kind: 'closed' } = {
    kind: 'open',
    parts: opening,
  };
  const parts = (): Promise<Parts> => {
    if (state.kind === 'closed') throw closedError();
    return state.parts;
  };

  const open = async (
    { id, directories = [] }: SandboxSpec,
    groupName: string | symbol | undefined,
    { signal }: AbortOptions = {},
  ): Promise<Sandbox> => {
    signal?.throwIfAborted();
    const { tiers, groups } = await orAborted(parts(), signal);
    const group = groups.join(groupName, directories);
    const { user } = group;
    try {
      if (user) await Promise.all(directories.map((directory) => handOver(directory, user)));
    } catch (cause) {
      await group.leave();
      throw new RuntimeError(
        'INVALID_MOUNT',
        `sandbox ${id}: its directories cannot be handed over: ${(cause as Error).message}`,
        { cause },
      );
    }
    const onClosed = (): void => void sandboxes.delete(sandbox);
    const sandbox = createSandbox({ id, tiers, group, allowed, onClosed });
    if (state.kind === 'closed') {
      await sandbox[Symbol.asyncDispose]();
      throw closedError();
    }
    sandboxes.add(sandbox);
    return sandbox;
  };

  return {
    openSandbox: (spec, abort) => open(spec, spec.group, abort),
    async start(spec, abort) {
      const group = spec.isolation === 'thread' ? ofNoSandbox : undefined;
      const sandbox = await open({ id: spec.name }, group, abort);
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
      const { tiers, groups } = await opened;
      await Promise.all([...sandboxes].map((sandbox) => sandbox[Symbol.asyncDispose]()));
      await groups[Symbol.asyncDispose]();
      await tiers[Symbol.asyncDispose]();
    },
  };
}

const usualMaxIdle = 4;

function poolOf({ idle = 1, maxIdle }: NonNullable<RuntimeOptions['pool']> = {}): TierOptions['pool'] {
  return { idle, maxIdle: Math.max(idle, maxIdle ?? (idle === 0 ? 0 : usualMaxIdle)) };
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

/** The group of the guests that are started without a sandbox. */
const ofNoSandbox = Symbol('guests without a sandbox');

interface Parts {
  readonly tiers: Tiers;
  readonly groups: Groups;
}

async function openParts(users: SandboxUsers | undefined, options: TierOptions): Promise<Parts> {
  const tiers = await openTiers(options);
  return { tiers, groups: createGroups({ users, threads: (group, user) => tiers.threads(group, user) }) };
}
