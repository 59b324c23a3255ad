import process from 'node:process';
import { isMainThread } from 'node:worker_threads';
import { RuntimeError } from '../../errors.ts';
import { createCallCount } from '../../preview1/call-count.ts';
import { createPreview1 } from '../../preview1/preview1-host.ts';
import type { InputSource, PassedListener } from '../../preview1/preview1.ts';
import type { Channel, Frame } from '../wire/frames.ts';
import { type Assignment, clip, type HostMessage, parseDaemonMessage } from '../wire/messages.ts';
import type { Wire, WireEvents } from '../wire/wire.ts';
import { compileModule } from './compile-module.ts';
import { dropRights } from './drop-rights.ts';
import { createExitSwitch } from './exit-switch.ts';
import type { LoadedHostModules } from './host-modules.ts';
import { openListeners } from './open-listeners.ts';
import { openOutputs, type Outputs } from './outputs.ts';
import { runGuest } from './run-guest.ts';
import { createStdinSource, type StdinSource } from './stdin-source.ts';

export interface Serving {
  /** Joins the place to its daemon. */
  readonly open: (events: WireEvents) => Wire<HostMessage>;
  readonly loading: Promise<LoadedHostModules>;
  /** Where modules are shared with the guests of other places. */
  readonly modules?: SharedModules;
}

/** Modules that guests of one guest host share. */
export interface SharedModules {
  /** The guest's, where another guest has had it compiled. */
  readonly given: Promise<WebAssembly.Module>;
  /** This one has been compiled here. */
  share(module: WebAssembly.Module): void;
}

/**
 * The life of a guest's place: waits for one assignment, runs that guest, tells how it ended, and is done.
 * Resolves when the process, or thread, may exit; that it loses its daemon is an end as well.
 */
export function serveGuest({ open, loading, modules }: Serving): Promise<void> {
  const { promise: done, resolve: finish } = Promise.withResolvers<void>();
  let hostModules: LoadedHostModules | undefined;
  let guest: AssignedGuest | undefined;
  const onFrame = (frame: Frame): void => {
    if (frame.kind === 'data') {
      if (frame.channel === 'module') guest?.takeModule(frame.bytes);
      else if (frame.channel === 'stdin') guest?.stdin?.push(frame.bytes);
      else throw new TypeError('data of a wrong channel');
      return;
    }
    const message = parseDaemonMessage(frame.json);
    switch (message.tag) {
      case 'assign':
        if (guest || !hostModules) throw new TypeError('an assignment at the wrong time');
        guest = acceptGuest({ assignment: message, wire, hostModules, modules });
        void guest.done.then(finish);
        break;
      case 'credit':
        guest?.credit(message.channel, message.bytes);
        break;
      case 'stdin-end':
        guest?.stdin?.end();
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
  /** Settles when the guest has ended and the daemon has been told. */
  readonly done: Promise<void>;
}

interface Acceptance {
  readonly assignment: Assignment;
  readonly wire: Wire<HostMessage>;
  readonly hostModules: LoadedHostModules;
  readonly modules: SharedModules | undefined;
}

function acceptGuest({ assignment, wire, hostModules, modules }: Acceptance): AssignedGuest {
  if (isMainThread) process.title = `wasmlet guest ${assignment.name}`;
  const incoming = createModuleBuffer(assignment.moduleBytes);
  const stdin =
    assignment.stdin === 'stream'
      ? createStdinSource((bytes) => wire.send({ tag: 'credit', channel: 'stdin', bytes }))
      : undefined;
  let outputs: Outputs | undefined;
  let listeners: readonly PassedListener[] = [];

  /** Opens all that needs the daemon's rights, gives them up, and looks at foreign bytes only then. */
  const live = async (): Promise<void> => {
    try {
      await hostModules.load(assignment.hostModules, assignment.namespaces);
      outputs = openOutputs(assignment, wire);
      const exitSwitch = createExitSwitch();
      const calls = createCallCount((total) => wire.send({ tag: 'calls', total }));
      listeners = await openListeners(assignment.listeners);
      const preview1 = createPreview1({
        args: assignment.args,
        env: assignment.env,
        mounts: assignment.mounts,
        listeners,
        stdin: stdin?.source ?? sourceOf(assignment.stdin),
        stdout: outputs.stdout,
        stderr: outputs.stderr,
        tty: assignment.tty,
        waiting: assignment.waiting,
        maxDescriptors: assignment.maxDescriptors,
        caps: assignment.caps,
        calls,
        exit: (code) => exitSwitch.exit(code),
        fail: (error) => exitSwitch.fail(error),
      });
      dropRights(assignment.user);
      const compiling = incoming.complete.then((whole) => {
        const compiled = compileModule(whole, assignment.passes);
        modules?.share(compiled);
        return compiled;
      });
      const module = await (modules ? Promise.race([modules.given, compiling]) : compiling);
      const { stderr } = outputs;
      const end = await runGuest({
        assignment,
        module,
        wire,
        hostModules,
        preview1,
        exitSwitch,
        calls,
        stderr,
      });
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
    done: live(),
  };
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
