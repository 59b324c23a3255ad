import { randomUUID } from 'node:crypto';
import { dirname, basename } from 'node:path';
import { Readable } from 'node:stream';
import { RuntimeError } from '../errors.ts';
import { rotateLog } from '../output/rotate-log.ts';
import type { GuestHostProcess } from './guest-host-process.ts';
import type { GuestSpec } from './guest-spec.ts';
import type { AbortOptions, Guest, GuestExit, GuestReport, KillReason } from './guest.ts';
import type { PreparedModule } from './prepare-module.ts';
import type { SandboxUser } from './sandbox-users.ts';
import { createStdinWriter, type StdinWriter } from './stdin-writer.ts';
import type { Assignment, GuestEnd, HostMessage } from './wire/messages.ts';

const defaultLogBytes = 10 * 1024 * 1024;
const defaultLogFiles = 5;
const defaultDescriptors = 1024;

export interface ProcessGuestInput {
  readonly spec: GuestSpec;
  readonly module: PreparedModule & { readonly kind: 'ready' };
  readonly host: GuestHostProcess;
  readonly user: SandboxUser | undefined;
}

/**
 * Assigns a guest to a guest host. Resolves when it begins to run; rejects with the {@link RuntimeError} that
 * the guest host tells, after that is gone.
 */
export async function startProcessGuest(input: ProcessGuestInput, { signal }: AbortOptions): Promise<Guest> {
  const { spec, module, host, user } = input;
  const { promise: started, resolve: onStarted, reject: onFailed } = Promise.withResolvers<void>();
  started.catch(() => {}); // heard of below, unless aborted
  let end: GuestEnd | undefined;
  let killed: KillReason | undefined;
  let reportListener: ((report: GuestReport) => void) | undefined;
  let rotation: Promise<void> = Promise.resolve();
  const kill = (reason: KillReason): void => {
    killed ??= reason;
    host.kill();
  };

  const streams = openStreams(spec, host);
  const onMessage = (message: HostMessage): void => {
    switch (message.tag) {
      case 'ready':
        break;
      case 'started':
        onStarted();
        break;
      case 'failed':
        onFailed(new RuntimeError(message.code, `${spec.name}: ${message.message}`));
        break;
      case 'credit':
        streams.stdin?.credit(message.bytes);
        break;
      case 'rotate':
        rotation = rotation.then(() => rotate(spec)).catch(() => kill('host-closed'));
        break;
      case 'report':
        reportListener?.({ module: message.module, report: message.report });
        break;
      case 'ended':
        end = message.end;
        break;
    }
  };
  host.listen({ onMessage, onData: (channel, bytes) => streams[channel]?.push(bytes) });

  const exited = host.gone.then(async ({ how }): Promise<GuestExit> => {
    clearTimeout(timer);
    streams.end();
    await rotation;
    if (killed === 'timeout') onStarted();
    onFailed(new RuntimeError('HOST_FAILED', `${spec.name}: the guest host ended while it started: ${how}`));
    return exitOf({ end, killed, how, spec });
  });
  let timer: NodeJS.Timeout | undefined;
  const abort = (): void => kill('stop');
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) abort();
  try {
    await host.ready;
    timer = startTimer(spec, () => kill('timeout'));
    host.wire.send(assignmentOf(input));
    await host.wire.sendData('module', module.bytes);
    await started;
  } catch (error) {
    host.kill();
    await exited;
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }

  return {
    id: randomUUID(),
    pid: host.pid,
    startedAt: new Date(),
    exited,
    ...(streams.stdin ? { stdin: streams.stdin.writable } : {}),
    ...(streams.stdout && streams.stderr
      ? { stdout: streams.stdout.readable, stderr: streams.stderr.readable }
      : {}),
    stop() {
      if (end === undefined) kill('stop');
      return exited;
    },
    onReport(listener) {
      reportListener = listener;
    },
    async [Symbol.asyncDispose]() {
      kill('stop');
      await exited;
    },
  };

  function assignmentOf({ spec: { output, limits = {} } }: ProcessGuestInput): Assignment {
    return {
      tag: 'assign',
      name: spec.name,
      moduleBytes: module.bytes.length,
      args: spec.args,
      env: spec.env,
      mounts: spec.mounts,
      stdin: spec.stdin ?? 'none',
      tty: spec.tty ?? false,
      output:
        output.kind === 'stream'
          ? { kind: 'stream' }
          : {
              kind: 'cri-log',
              directory: dirname(output.path),
              file: basename(output.path),
              maxBytes: output.maxBytes ?? defaultLogBytes,
            },
      entry: spec.entry ?? '_start',
      waiting: waitingOf(spec, module.namespaces),
      maxDescriptors: limits.maxDescriptors ?? defaultDescriptors,
      memoryBytes: limits.memoryBytes ?? null,
      hostModules: spec.hostModules ?? [],
      user: user ?? null,
    };
  }
}

/** Files, clocks and random wait in their own thread; what needs the event loop suspends the guest (JSPI). */
function waitingOf(spec: GuestSpec, namespaces: ReadonlySet<string>): 'sync' | 'suspend' {
  const wasiOnly = [...namespaces].every(
    (name) => name === 'wasi_snapshot_preview1' || name === 'wasi_unstable',
  );
  return wasiOnly && spec.output.kind !== 'stream' && (spec.stdin ?? 'none') === 'none' ? 'sync' : 'suspend';
}

function rotate({ output }: GuestSpec): Promise<void> {
  if (output.kind !== 'cri-log') return Promise.resolve();
  return rotateLog(output.path, output.maxFiles ?? defaultLogFiles, new Date());
}

function startTimer({ limits }: GuestSpec, onTimeout: () => void): NodeJS.Timeout | undefined {
  return limits?.timeoutMs === undefined ? undefined : setTimeout(onTimeout, limits.timeoutMs);
}

interface Ending {
  readonly end: GuestEnd | undefined;
  readonly killed: KillReason | undefined;
  readonly how: string;
  readonly spec: GuestSpec;
}

/** What the guest host told before it went counts; then why it was killed; else it went by itself. */
function exitOf({ end, killed, how, spec }: Ending): GuestExit {
  const finishedAt = new Date();
  if (end?.kind === 'exited') return { kind: 'exited', code: end.code, finishedAt };
  if (end?.kind === 'trapped') {
    const { trap, message, memoryFull } = end;
    if (!memoryFull) return { kind: 'trapped', trap, message, finishedAt };
    const limit = spec.limits?.memoryBytes ?? 0;
    return {
      kind: 'killed',
      reason: 'memory',
      message: `${message}\nmemory is at its limit of ${limit} bytes`,
      finishedAt,
    };
  }
  switch (killed) {
    case 'stop':
      return { kind: 'killed', reason: 'stop', message: 'stopped', finishedAt };
    case 'timeout':
      return {
        kind: 'killed',
        reason: 'timeout',
        message: `ran longer than ${spec.limits?.timeoutMs} ms`,
        finishedAt,
      };
    case 'memory':
    case 'host-closed':
    case undefined:
      return { kind: 'killed', reason: 'host-closed', message: `the guest host ended: ${how}`, finishedAt };
  }
}

interface Streams {
  readonly stdin: StdinWriter | undefined;
  readonly stdout: OutputReader | undefined;
  readonly stderr: OutputReader | undefined;
  end(): void;
}

function openStreams(spec: GuestSpec, host: GuestHostProcess): Streams {
  const reads = spec.output.kind === 'stream';
  const stdin = spec.stdin === 'stream' ? createStdinWriter(host.wire) : undefined;
  const stdout = reads ? createOutputReader('stdout', host) : undefined;
  const stderr = reads ? createOutputReader('stderr', host) : undefined;
  return {
    stdin,
    stdout,
    stderr,
    end() {
      stdin?.close();
      stdout?.end();
      stderr?.end();
    },
  };
}

interface OutputReader {
  readonly readable: Readable;
  push(bytes: Uint8Array): void;
  end(): void;
}

/** Credit goes back when the consumer takes the bytes, not when they arrive. */
function createOutputReader(channel: 'stdout' | 'stderr', host: GuestHostProcess): OutputReader {
  const arrived: Uint8Array[] = [];
  let ended = false;
  let wanted = false;
  const readable = new Readable({
    read() {
      wanted = true;
      deliver();
    },
  });
  const deliver = (): void => {
    while (wanted) {
      const chunk = arrived.shift();
      if (chunk === undefined) break;
      host.wire.send({ tag: 'credit', channel, bytes: chunk.length });
      wanted = readable.push(chunk);
    }
    if (ended && arrived.length === 0) readable.push(null);
  };
  return {
    readable,
    push(bytes) {
      arrived.push(bytes);
      deliver();
    },
    end() {
      if (ended) return;
      ended = true;
      deliver();
    },
  };
}
