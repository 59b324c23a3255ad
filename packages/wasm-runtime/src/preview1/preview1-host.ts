import { RuntimeError } from '../errors.ts';
import { createClocks } from '../system/clocks.ts';
import { createRandom } from '../system/random-bytes.ts';
import { createThreadSleep } from '../system/readiness.ts';
import { createCallCount } from './call-count.ts';
import { defaultCaps } from '../system/call-caps.ts';
import { fdAttributeCalls } from './fd-attributes.ts';
import { fdDataCalls } from './fd-data.ts';
import { fdPositionCalls } from './fd-position.ts';
import { fdReaddirCalls } from './fd-readdir.ts';
import { fdTableCalls } from './fd-table.ts';
import { createGuestMemory } from './guest-memory.ts';
import type { GuestState } from './guest-state.ts';
import { encodeArguments, encodeEnvironment } from '../system/guest-strings.ts';
import { createAnswer, hostCall } from './host-call.ts';
import { openDescriptors } from './open-descriptors.ts';
import { pathCalls } from './path-calls.ts';
import { pathOpenCalls } from './path-open.ts';
import { pollCalls } from './poll-oneoff.ts';
import type { Preview1, Preview1Functions, Preview1Imports, Preview1Options } from './preview1.ts';
import { processCalls } from './process-calls.ts';
import { type Snapshot, snapshot0, snapshot1 } from './snapshot.ts';
import { sockCalls } from './sock-calls.ts';

const waits: ReadonlySet<string> = new Set([
  'fd_read',
  'fd_write',
  'poll_oneoff',
  'sock_accept',
  'sock_recv',
  'sock_send',
]);

/**
 * Makes the WASI preview1 host of one guest: both snapshots, files by the safe walk of `system/`, sockets that are
 * passed in. Opens the mounts at once.
 *
 * Throws {@link RuntimeError}: `INVALID_MOUNT` for a mount that cannot be opened (or any, on a platform without
 * `/proc/self/fd`), `INVALID_SPEC` for arguments or variables that cannot be told to a guest, and for a
 * streamed stdin or listeners with `waiting: 'sync'`.
 */
export function createPreview1(options: Preview1Options): Preview1 {
  if (options.stdin.kind === 'stream' && options.waiting === 'sync') {
    throw new RuntimeError('INVALID_SPEC', "a streamed stdin needs waiting: 'suspend'");
  }
  if (options.waiting === 'sync' && (options.listeners?.length ?? 0) > 0) {
    throw new RuntimeError('INVALID_SPEC', "listeners need waiting: 'suspend'");
  }
  const args = encodeArguments(options.args);
  const environ = encodeEnvironment(options.env);
  const closing = new AbortController();
  const caps = { ...defaultCaps, ...options.caps };
  const open = openDescriptors(options, caps);
  const guest: GuestState = {
    memory: createGuestMemory(),
    args,
    environ,
    descriptors: open.descriptors,
    caps,
    clocks: createClocks(),
    fillRandom: createRandom(),
    waiting: options.waiting,
    sleep: createThreadSleep(),
    closing: closing.signal,
    exit: options.exit,
    answer: createAnswer(options.fail),
    calls: options.calls ?? createCallCount(),
  };

  return {
    imports: new Namespaces(guest),
    waits: options.waiting === 'suspend' ? waits : new Set(),
    attach: (memory) => guest.memory.attach(memory),
    close() {
      closing.abort();
      open.close();
    },
    settled: () => open.descriptors.settled(),
  };
}

/** Made when they are asked for: a module imports from one of them. */
class Namespaces implements Preview1Imports {
  readonly #guest: GuestState;
  #snapshot1: Preview1Functions | undefined;
  #snapshot0: Preview1Functions | undefined;

  constructor(guest: GuestState) {
    this.#guest = guest;
  }

  get wasi_snapshot_preview1(): Preview1Functions {
    this.#snapshot1 ??= functionsOf(this.#guest, snapshot1);
    return this.#snapshot1;
  }

  get wasi_unstable(): Preview1Functions {
    this.#snapshot0 ??= functionsOf(this.#guest, snapshot0);
    return this.#snapshot0;
  }
}

function functionsOf(guest: GuestState, snapshot: Snapshot): Preview1Functions {
  const { fd_read, fd_write, fd_pread, fd_pwrite } = fdDataCalls(guest);
  const { path_open } = pathOpenCalls(guest);
  const calls = {
    ...processCalls(guest),
    ...fdTableCalls(guest),
    ...fdPositionCalls(guest, snapshot),
    ...fdAttributeCalls(guest, snapshot),
    ...fdReaddirCalls(guest),
    ...pathCalls(guest, snapshot),
    ...pollCalls(guest, snapshot),
    ...sockCalls(guest),
    fd_pread,
    fd_pwrite,
  };
  const functions: Record<string, (...args: never[]) => number | void | Promise<number | void>> = {};
  for (const [name, call] of Object.entries(calls)) {
    functions[name] = hostCall(call as (...args: readonly unknown[]) => number | Promise<number>, guest);
  }
  if (snapshot === snapshot0) delete functions['sock_accept'];
  const proc_exit = (code: number): void => {
    guest.calls.add();
    guest.exit(code >>> 0);
  };
  return { ...functions, fd_read, fd_write, path_open, proc_exit };
}
