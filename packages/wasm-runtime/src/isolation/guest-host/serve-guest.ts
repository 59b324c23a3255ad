import process from 'node:process';
import { RuntimeError } from '../../errors.ts';
import { createCallCount } from '../../preview1/call-count.ts';
import type { InputSource, PassedListener } from '../../preview1/preview1.ts';
import type { Channel, Frame } from '../wire/frames.ts';
import { type Assignment, clip, type HostMessage, parseDaemonMessage } from '../wire/messages.ts';
import type { Wire, WireEvents } from '../wire/wire.ts';
import { dropRights } from './drop-rights.ts';
import { createTrap } from './exit-switch.ts';
import type { LoadedHostModules } from './host-modules.ts';
import { openModuleGuest } from './module-guest.ts';
import { openListeners } from './open-listeners.ts';
import { openOutputs, type Outputs } from './outputs.ts';
import type { CompiledProgram, GuestInput, OpenedGuest } from './program.ts';
import { createStdinSource, type StdinSource } from './stdin-source.ts';

export interface Serving {
  /** Joins the place to its daemon. */
  readonly open: (events: WireEvents) => Wire<HostMessage>;
  readonly loading: Promise<LoadedHostModules>;
  /** Where programs are shared with the guests of other places. */
  readonly programs?: SharedPrograms;
  /** Where the place is no process of its own. */
  readonly thread?: GuestThread;
}

export interface GuestThread {
  /** By which the kernel knows it, as far as that can be told. */
  readonly id: number | undefined;
}

/** Programs that guests of one guest host share. */
export interface SharedPrograms {
  /** The guest's, where another guest has had it compiled. */
  readonly given: Promise<CompiledProgram>;
  /** This one has been compiled here. */
  share(program: CompiledProgram): void;
}

/**
 * The life of a guest's place: waits for one assignment, runs that guest, tells how it ended, and is done.
 * Resolves when the process, or thread, may exit; that it loses its daemon is an end as well.
 */
export function serveGuest({ open, loading, programs, thread }: Serving): Promise<void> {
  const { promise: done, resolve: finish } = Promise.withResolvers<void>();
  let hostModules: LoadedHostModules | undefined;
  let guest: AssignedGuest | undefined;
  const trap = createTrap();
  const onFrame = (frame: Frame): void => {
    if (frame.kind === 'data') {
      if (frame.channel === 'module') guest?.takeModule(frame.bytes);
      else if (frame.channel === 'stdin') guest?.stdin?.push(frame.bytes);
      else throw new TypeError('data of a wrong channel');
      return;
    }
    const message = parseDaemonMessage(JSON.parse(frame.text));
    switch (message.tag) {
      case 'assign':
        if (guest || !hostModules) throw new TypeError('an assignment at the wrong time');
        guest = acceptGuest({ assignment: message, wire, hostModules, programs, thread, trap });
        void guest.done.then(finish);
        break;
      case 'credit':
        guest?.credit(message.channel, message.bytes);
        break;
      case 'stdin-end':
        guest?.stdin?.end();
        break;
      case 'stop':
        guest?.stop();
        break;
    }
  };
  const wire = open({ onFrame, onClose: () => finish() });
  loading.then(
    (loaded) => {
      hostModules = loaded;
      wire.send({ tag: 'ready' });
    },
    async (error: unknown) => {
      wire.send(failure(error));
      await wire.end();
      finish();
    },
  );
  return done;
}

interface AssignedGuest {
  readonly stdin: StdinSource | undefined;
  takeModule(bytes: Uint8Array): void;
  credit(channel: Channel, bytes: number): void;
  /** Of one that a host module drives. */
  stop(): void;
  /** Settles when the guest has ended and the daemon has been told. */
  readonly done: Promise<void>;
}

interface Acceptance {
  readonly assignment: Assignment;
  readonly wire: Wire<HostMessage>;
  readonly hostModules: LoadedHostModules;
  readonly programs: SharedPrograms | undefined;
  readonly thread: GuestThread | undefined;
  readonly trap: () => never;
}

function acceptGuest({ assignment, wire, hostModules, programs, thread, trap }: Acceptance): AssignedGuest {
  if (thread === undefined) process.title = `wasmlet guest ${assignment.name}`;
  const incoming = createModuleBuffer(assignment.moduleBytes);
  const stdin =
    assignment.stdin === 'stream'
      ? createStdinSource((bytes) => wire.send({ tag: 'credit', channel: 'stdin', bytes }))
      : undefined;
  const stopping = new AbortController();
  let outputs: Outputs | undefined;
  let listeners: readonly PassedListener[] = [];

  /** Opens all that needs the daemon's rights, gives them up, and looks at foreign bytes only then. */
  const live = async (): Promise<void> => {
    try {
      await hostModules.load(assignment.hostModules, assignment.namespaces);
      outputs = openOutputs(assignment, wire);
      const calls = createCallCount((total) => wire.send({ tag: 'calls', total }));
      listeners = await openListeners(assignment.listeners);
      const opened = await openGuest({
        assignment,
        wire,
        hostModules,
        calls,
        trap,
        tellStarted: () => wire.send({ tag: 'started', ...threadOf(thread) }),
        listeners,
        stopping: stopping.signal,
        stdin: stdin?.source ?? sourceOf(assignment.stdin),
        stdout: outputs.stdout,
        stderr: outputs.stderr,
      });
      dropRights(assignment.user);
      const compiling = incoming.complete.then((whole) => {
        const compiled = opened.compile(whole);
        programs?.share(compiled);
        return compiled;
      });
      const program = await (programs ? Promise.race([programs.given, compiling]) : compiling);
      const end = await opened.run(program);
      outputs.close();
      wire.send({ tag: 'ended', end, calls: calls.total });
    } catch (error) {
      for (const { listener } of listeners) listener.close();
      wire.send(failure(error));
    }
    await wire.end();
  };
  return {
    stdin,
    takeModule: (bytes) => incoming.take(bytes),
    credit: (channel, bytes) => outputs?.credit(channel, bytes),
    stop: () => stopping.abort(),
    done: live(),
  };
}

async function openGuest(input: GuestInput): Promise<OpenedGuest> {
  if (input.assignment.format === 'module') return openModuleGuest(input);
  // Loaded here: guest hosts start without. Later the process may not be allowed to read it.
  const { openComponentGuest } = await import('./component-guest.ts');
  return openComponentGuest(input);
}

function threadOf({ id }: Partial<GuestThread> = {}): { readonly thread?: number } {
  return id === undefined ? {} : { thread: id };
}

/** What needs no wire. */
function sourceOf(stdin: Assignment['stdin']): InputSource {
  if (typeof stdin === 'string') return { kind: 'empty' };
  const { file, root } = stdin;
  return { kind: 'file', hostPath: file, ...(root === undefined ? {} : { root }) };
}

interface ModuleBuffer {
  take(bytes: Uint8Array): void;
  readonly complete: Promise<Uint8Array>;
}

function createModuleBuffer(length: number): ModuleBuffer {
  const { promise: complete, resolve } = Promise.withResolvers<Uint8Array>();
  let module: Uint8Array | undefined;
  let received = 0;
  return {
    take(bytes) {
      module ??= new Uint8Array(length);
      if (received + bytes.length > length) throw new TypeError('more bytes than the module has');
      module.set(bytes, received);
      received += bytes.length;
      if (received === length) resolve(module);
    },
    complete,
  };
}

function failure(error: unknown): HostMessage {
  const code = error instanceof RuntimeError ? error.code : 'HOST_FAILED';
  return { tag: 'failed', code, message: clip(error instanceof Error ? error.message : String(error)) };
}
