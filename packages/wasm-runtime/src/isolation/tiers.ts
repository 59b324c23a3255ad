import process from 'node:process';
import { findLauncher } from './birth.ts';
import { type Cgroups, findCgroups } from './cgroups.ts';
import type { Isolation } from './guest-spec.ts';
import { startKeeper } from './keeper.ts';
import { createPlacePool, type PlacePool } from './place-pool.ts';
import { startProcessPlace } from './process-place.ts';
import type { SandboxUser } from './sandbox-users.ts';
import { startInProcessPlace } from './thread/in-process-place.ts';
import { createModuleShelf } from './thread/module-shelf.ts';
import { startThreadHost } from './thread/thread-host.ts';
import { createThreadPlaces, type ThreadCounts } from './thread/thread-places.ts';

/** Where guests find their places. Disposing them ends what they have started. */
export interface Tiers extends AsyncDisposable {
  readonly process: PlacePool;
  /** Threads of the application itself. */
  inProcess(): PlacePool;
  /** Where processes can be given a part of the machine. */
  cgroups(): Cgroups | undefined;
  /** Threads for the guests of one group; whoever asks disposes them. */
  threads(group: string, user: SandboxUser | undefined): PlacePool;
}

export interface TierOptions {
  readonly hostModules: readonly string[];
  readonly allowed: readonly Isolation[];
  /** Guest hosts of the tier `process` that wait, and how many may after many guests have come. */
  readonly pool: { readonly idle: number; readonly maxIdle: number };
  readonly threads: ThreadCounts;
  /** Whether guest hosts stay the application's user. */
  readonly keepsUser: boolean;
}

/** Finds out what this machine can do, and starts what is to wait for guests. */
export async function openTiers(options: TierOptions): Promise<Tiers> {
  const { hostModules, allowed, keepsUser, threads } = options;
  const [keeper, launcher] = await Promise.all([
    process.platform === 'win32' ? undefined : startKeeper(),
    findLauncher(keepsUser),
  ]);
  const host = { hostModules, keeper, launcher };
  const processes = createPlacePool({
    ...(allowed.includes('process') ? options.pool : { idle: 0 }),
    start: (how) => startProcessPlace(host, how),
  });
  // Looked for by the first guest that needs one.
  let found: { readonly cgroups: Cgroups | undefined } | undefined;
  const shelf = createModuleShelf();
  let inProcess: PlacePool | undefined;
  return {
    process: processes,
    inProcess() {
      // Who never asks for one has no thread waiting.
      inProcess ??= createPlacePool({
        idle: threads.idle ?? 1,
        start: (how) => startInProcessPlace({ hostModules, shelf }, how),
      });
      return inProcess;
    },
    cgroups: () => (found ??= { cgroups: findCgroups() }).cgroups,
    threads: (group, user) =>
      createThreadPlaces({ ...threads, start: () => startThreadHost({ ...host, group, user }) }),
    async [Symbol.asyncDispose]() {
      await Promise.all([processes[Symbol.asyncDispose](), inProcess?.[Symbol.asyncDispose]()]);
      await keeper?.[Symbol.asyncDispose]();
    },
  };
}
