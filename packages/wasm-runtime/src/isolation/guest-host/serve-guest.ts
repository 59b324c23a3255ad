import process from 'node:process';
import type { Duplex } from 'node:stream';
import { RuntimeError } from '../../errors.ts';
import { type CriLogFile, openCriLog } from '../../output/cri-log-file.ts';
import { createStreamOutput, type StreamOutput } from '../../output/stream-output.ts';
import { createPreview1 } from '../../preview1/preview1-host.ts';
import type { OutputSink, Preview1 } from '../../preview1/preview1.ts';
import type { Channel, Frame } from '../wire/frames.ts';
import { type Assignment, type GuestEnd, type HostMessage, parseDaemonMessage } from '../wire/messages.ts';
import { openWire, type Wire } from '../wire/wire.ts';
import { createExitSwitch, describeEnd, type GuestExitSwitch } from './guest-exit.ts';
import type { LoadedHostModules, OpenHostModules } from './host-modules.ts';
import { linkGuest } from './link.ts';
import { createReportLimit } from './report-limit.ts';
import { createStdinSource, type StdinSource } from './stdin-source.ts';

/** Longest that host modules may take to close what they hold. */
const closeTimeoutMs = 1000;

/**
 * The life of a guest host: waits for one assignment, runs that guest, tells how it ended, and is done.
 * Resolves when the process may exit; that it loses its daemon is an end as well.
 */
export function serveGuest(socket: Duplex, hostModules: LoadedHostModules): Promise<void> {
  const { promise: done, resolve: finish } = Promise.withResolvers<void>();
  let guest: PreparedGuest | undefined;
  const onFrame = (frame: Frame): void => {
    if (frame.kind === 'data') {
      if (frame.channel === 'module' && guest?.takeModule(frame.bytes)) void guest.run().then(finish);
      else if (frame.channel === 'stdin') guest?.stdin?.push(frame.bytes);
      return;
    }
    const message = parseDaemonMessage(frame.json);
    switch (message.tag) {
      case 'assign':
        guest = prepare(message, wire, hostModules);
        if (guest === undefined) void wire.end().then(finish);
        break;
      case 'credit':
        guest?.credit(message.channel, message.bytes);
        break;
      case 'stdin-end':
        guest?.stdin?.end();
        break;
    }
  };
  const wire = openWire<HostMessage>(socket, { onFrame, onClose: () => finish() });
  wire.send({ tag: 'ready' });
  return done;
}

interface PreparedGuest {
  readonly stdin: StdinSource | undefined;
  /** Collects the module's bytes; true when all are there. */
  takeModule(bytes: Uint8Array): boolean;
  credit(channel: Channel, bytes: number): void;
  run(): Promise<void>;
}

/** Opens all that needs the daemon's rights, gives them up, and waits for the module. */
function prepare(
  assignment: Assignment,
  wire: Wire<HostMessage>,
  hostModules: LoadedHostModules,
): PreparedGuest | undefined {
  try {
    const exitSwitch = createExitSwitch();
    const stdin =
      assignment.stdin === 'stream'
        ? createStdinSource((bytes) => wire.send({ tag: 'credit', channel: 'stdin', bytes }))
        : undefined;
    const outputs = openOutputs(assignment, wire);
    const preview1 = createPreview1({
      args: assignment.args,
      env: assignment.env,
      mounts: assignment.mounts,
      stdin: stdin?.source ?? { kind: 'empty' },
      stdout: outputs.stdout,
      stderr: outputs.stderr,
      tty: assignment.tty,
      waiting: assignment.waiting,
      maxDescriptors: assignment.maxDescriptors,
      exit: (code) => exitSwitch.exit(code),
    });
    dropRights(assignment.user);
    const module = new Uint8Array(assignment.moduleBytes);
    let received = 0;
    return {
      stdin,
      takeModule(bytes) {
        if (received + bytes.length > module.length) throw new TypeError('more bytes than the module has');
        module.set(bytes, received);
        received += bytes.length;
        return received === module.length;
      },
      credit: (channel, bytes) => outputs.credit(channel, bytes),
      run: () => runGuest({ assignment, module, wire, hostModules, preview1, exitSwitch, outputs }),
    };
  } catch (error) {
    wire.send(failure(error));
    return undefined;
  }
}

interface Outputs {
  readonly stdout: OutputSink;
  readonly stderr: OutputSink;
  credit(channel: Channel, bytes: number): void;
  close(): void;
}

function openOutputs(assignment: Assignment, wire: Wire<HostMessage>): Outputs {
  const { output, user } = assignment;
  if (output.kind === 'stream') {
    const streams: Partial<Record<Channel, StreamOutput>> = {
      stdout: createStreamOutput('stdout', wire),
      stderr: createStreamOutput('stderr', wire),
    };
    return {
      stdout: streams.stdout as StreamOutput,
      stderr: streams.stderr as StreamOutput,
      credit: (channel, bytes) => streams[channel]?.credit(bytes),
      close() {},
    };
  }
  const log: CriLogFile = openCriLog({
    ...output,
    ...(user === null ? {} : { owner: user }),
    requestRotation: () => wire.send({ tag: 'rotate' }),
  });
  return {
    stdout: { write: (chunk) => log.write('stdout', chunk) },
    stderr: { write: (chunk) => log.write('stderr', chunk) },
    credit() {},
    close: () => log.close(),
  };
}

/** For good: nothing foreign has been read yet. */
function dropRights(user: Assignment['user']): void {
  if (user === null || !process.setgroups || !process.setgid || !process.setuid) return;
  process.setgroups([]);
  process.setgid(user.gid);
  process.setuid(user.uid);
}

interface RunInput {
  readonly assignment: Assignment;
  readonly module: Uint8Array;
  readonly wire: Wire<HostMessage>;
  readonly hostModules: LoadedHostModules;
  readonly preview1: Preview1;
  readonly exitSwitch: GuestExitSwitch;
  readonly outputs: Outputs;
}

async function runGuest(input: RunInput): Promise<void> {
  const { assignment, wire, preview1, exitSwitch, outputs } = input;
  const controller = new AbortController();
  const limit = createReportLimit();
  let memory: WebAssembly.Memory | undefined;
  let opened: OpenHostModules | undefined;
  let end: GuestEnd;
  try {
    opened = input.hostModules.open(assignment.hostModules, {
      memory: () => memory,
      signal: controller.signal,
      report(module, value) {
        const dropped = limit.pass();
        if (dropped !== undefined) {
          wire.send({
            tag: 'report',
            module,
            report: dropped === 0 ? value : { ...(value as object), dropped },
          });
        }
      },
    });
    const linked = linkGuest({
      module: compile(input.module),
      preview1,
      hostModules: opened,
      waiting: assignment.waiting,
      entry: assignment.entry,
    });
    memory = linked.memory;
    wire.send({ tag: 'started' });
    await linked.run();
    end = { kind: 'exited', code: 0 };
  } catch (error) {
    if (error instanceof RuntimeError) {
      wire.send(failure(error));
      return wire.end();
    }
    end = describeEnd(error, exitSwitch.code, isFull(memory, assignment.memoryBytes));
  }
  controller.abort();
  await closeWithin(opened);
  preview1.close();
  outputs.close();
  wire.send({ tag: 'ended', end });
  await wire.end();
}

function compile(bytes: Uint8Array): WebAssembly.Module {
  try {
    return new WebAssembly.Module(bytes);
  } catch (cause) {
    const reason = (cause as Error).message.replace(/^WebAssembly\.Module\(\): /, '');
    throw new RuntimeError('INVALID_MODULE', `the module cannot be compiled: ${reason}`, { cause });
  }
}

/** Room that is left when an allocation was refused: allocators ask for more than a page at once. */
const fullShare = 16;

function isFull(memory: WebAssembly.Memory | undefined, limit: number | null): boolean {
  if (memory === undefined || limit === null) return false;
  return limit - memory.buffer.byteLength < Math.max(1024 * 1024, limit / fullShare);
}

async function closeWithin(opened: OpenHostModules | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, closeTimeoutMs);
  });
  try {
    await Promise.race([opened?.close(), timeout]);
  } catch {
    // The guest has ended; what its host modules could not close goes with the process.
  } finally {
    clearTimeout(timer);
  }
}

function failure(error: unknown): HostMessage {
  return error instanceof RuntimeError
    ? { tag: 'failed', code: error.code, message: error.message }
    : { tag: 'failed', code: 'HOST_FAILED', message: error instanceof Error ? error.message : String(error) };
}
