import { randomUUID } from 'node:crypto';
import { RuntimeError } from '../errors.ts';
import { rotateLog } from '../output/rotate-log.ts';
import { type AssignmentInput, assignmentOf, moduleKeyOf } from './assignment.ts';
import type { Cgroup } from './cgroups.ts';
import { createDiagnosticsReader } from './diagnostics.ts';
import { confineThread } from './guest-cgroup.ts';
import { exitOf, type Kill } from './guest-exit.ts';
import { createGrace } from './grace.ts';
import type { GuestPlace } from './guest-place.ts';
import type { GuestSpec } from './guest-spec.ts';
import { processStats, threadStats } from './guest-stats.ts';
import type { AbortOptions, Guest, GuestExit, GuestReport } from './guest.ts';
import { createOutputReader, type OutputReader } from './output-reader.ts';
import { raisePriority } from './raise-priority.ts';
import { createStdinWriter, type StdinWriter } from './stdin-writer.ts';
import { startTimeout } from './timeout.ts';
import type { GuestEnd, HostMessage } from './wire/messages.ts';

export interface PlacedGuestInput extends AssignmentInput {
  readonly place: GuestPlace;
  /** Of its process, where that has one. */
  readonly cgroup?: Cgroup | undefined;
}

/**
 * Assigns a guest to a place. Resolves when it begins to run; rejects with the {@link RuntimeError} that is told
 * from there, after the place is gone.
 */
export async function startPlacedGuest(input: PlacedGuestInput, { signal }: AbortOptions): Promise<Guest> {
  const { spec, module, place, cgroup } = input;
  const { promise: started, resolve: onStarted, reject: onFailed } = Promise.withResolvers<void>();
  started.catch(() => {}); // heard of below, unless aborted
  let end: GuestEnd | undefined;
  let thread: number | undefined;
  let hostCalls = 0;
  let gone = false;
  let killed: Kill | undefined;
  const reports = createReportQueue();
  const diagnostics = createDiagnosticsReader(spec.diagnostics ?? {});
  const kill = (why: Kill): void => {
    killed ??= why;
    cgroup?.release();
    place.kill();
    if (thread !== undefined) raisePriority(place.pid, thread);
  };
  const rotation = createRotation(spec, (reason) =>
    kill({ reason: 'host-closed', message: `its log cannot be rotated: ${reason}` }),
  );
  const streams = openStreams(spec, place);
  let moduleState: 'unwanted' | 'wanted' | 'sent' = place.requestModule ? 'unwanted' : 'wanted';
  let assigned = false;
  const sendModule = (): void => {
    if (moduleState !== 'wanted' || !assigned) return;
    moduleState = 'sent';
    // Needs no credit: the guest host has room for all of it.
    void place.wire.sendData('module', module.bytes);
  };
  const onMessage = (message: HostMessage): void => {
    switch (message.tag) {
      case 'ready':
        break;
      case 'started':
        thread = message.thread;
        if (thread !== undefined) confineThread(place.pid, thread, spec.limits ?? {});
        onStarted();
        break;
      case 'module-wanted':
        if (moduleState === 'unwanted') moduleState = 'wanted';
        sendModule();
        break;
      case 'failed':
        onFailed(new RuntimeError(message.code, `${spec.name}: ${message.message}`));
        break;
      case 'credit':
        streams.stdin?.credit(message.bytes);
        break;
      case 'rotate':
        rotation.request();
        break;
      case 'exceeded':
        kill({ reason: 'output', message: `wrote more than ${spec.limits?.outputBytes} bytes` });
        break;
      case 'calls':
        hostCalls = message.total;
        break;
      case 'report':
        reports.push({ module: message.module, report: message.report, dropped: message.dropped });
        break;
      case 'diagnostic':
        diagnostics.push(message.kind, message.part);
        break;
      case 'ended':
        end = message.end;
        hostCalls = message.calls;
        // A guest that traps while it is instantiated has begun as well.
        onStarted();
        break;
    }
  };
  place.listen({ onMessage, onData: (channel, bytes) => streams[channel]?.push(bytes) });
  // Before the assignment, so that what is on the way to the guest's thread is awake when that comes.
  place.requestModule?.(moduleKeyOf(input), module.bytes.length);

  let stopTimeout: (() => void) | undefined;
  const grace = createGrace((ms) =>
    kill({ reason: 'grace', message: `had not ended ${ms} ms after it was told to stop` }),
  );
  let stopStartTimeout: (() => void) | undefined;
  const exited = place.gone.then(async (placeEnd): Promise<GuestExit> => {
    gone = true;
    stopTimeout?.();
    grace.end();
    streams.end();
    diagnostics.end();
    await rotation.done();
    const { outOfMemory } = (await cgroup?.remove()) ?? { outOfMemory: false };
    // What it took to compile it is the guest's as well: it has begun, and come to that end.
    if (killed?.reason === 'timeout' || outOfMemory || placeEnd.heapFull) onStarted();
    onFailed(
      new RuntimeError('HOST_FAILED', `${spec.name}: the guest host ended while it started: ${placeEnd.how}`),
    );
    return exitOf({ spec, end, kill: killed, outOfMemory, place: placeEnd, hostCalls });
  });
  const stop = (): void => kill({ reason: 'stop', message: 'stopped' });
  signal?.addEventListener('abort', stop, { once: true });
  try {
    signal?.throwIfAborted();
    await untilReady(place, spec.name);
    stopTimeout = startTimeout(spec.limits?.timeoutMs, (ms) =>
      kill({ reason: 'timeout', message: `ran longer than ${ms} ms` }),
    );
    place.wire.send(assignmentOf(input));
    assigned = true;
    sendModule();
    const startTimeoutMs = spec.limits?.startTimeoutMs ?? defaultStartTimeoutMs;
    stopStartTimeout = startTimeout(startTimeoutMs, (ms) =>
      onFailed(new RuntimeError('INVALID_MODULE', `${spec.name}: it was not compiled after ${ms} ms`)),
    );
    await started;
  } catch (error) {
    cgroup?.release();
    place.kill();
    await exited;
    signal?.throwIfAborted();
    throw error;
  } finally {
    stopStartTimeout?.();
    signal?.removeEventListener('abort', stop);
  }

  return {
    id: randomUUID(),
    pid: place.pid,
    startedAt: new Date(),
    exited,
    ...(streams.stdin ? { stdin: streams.stdin.writable } : {}),
    ...(streams.stdout && streams.stderr
      ? { stdout: streams.stdout.readable, stderr: streams.stderr.readable }
      : {}),
    ...(diagnostics.profile ? { profile: diagnostics.profile } : {}),
    ...(diagnostics.report ? { report: diagnostics.report } : {}),
    async stats() {
      // Its numbers may be another's by then.
      if (gone) return undefined;
      const stats = await (thread === undefined ? processStats(place.pid) : threadStats(place.pid, thread));
      return stats && { ...stats, hostCalls };
    },
    stop({ graceMs }) {
      if (module.driver === undefined || graceMs <= 0) stop();
      else if (!gone && grace.begin(graceMs)) place.wire.send({ tag: 'stop' });
      return exited;
    },
    onReport: (listener) => reports.listen(listener),
    async [Symbol.asyncDispose]() {
      stop();
      await exited;
    },
  };
}

/** The largest modules take seconds on a busy machine. */
const defaultStartTimeoutMs = 60_000;

/** A guest host needs some 30 ms, a hundred at once on a small machine seconds. */
const readyTimeoutMs = 60_000;

async function untilReady(place: GuestPlace, name: string): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const stopTimeout = startTimeout(readyTimeoutMs, (ms) =>
    reject(new RuntimeError('HOST_FAILED', `${name}: the guest host was not ready after ${ms} ms`)),
  );
  try {
    await Promise.race([place.ready, late]);
  } finally {
    stopTimeout();
  }
}

interface ReportQueue {
  push(report: GuestReport): void;
  listen(listener: ((report: GuestReport) => void) | undefined): void;
}

const keptReports = 32;

/** Keeps the first reports for a listener that comes after the guest has begun. */
function createReportQueue(): ReportQueue {
  let listener: ((report: GuestReport) => void) | undefined;
  let kept: GuestReport[] = [];
  return {
    push(report) {
      if (listener) listener(report);
      else if (kept.length < keptReports) kept.push(report);
    },
    listen(next) {
      listener = next;
      if (next === undefined) return;
      for (const report of kept) next(report);
      kept = [];
    },
  };
}

interface Rotation {
  request(): void;
  done(): Promise<void>;
}

/** One rotation at a time, whatever the guest host asks for. */
function createRotation({ output }: GuestSpec, onFailed: (reason: string) => void): Rotation {
  let running: Promise<void> | undefined;
  return {
    request() {
      if (output.kind !== 'cri-log') return;
      running ??= rotateLog(output, new Date())
        .catch((error: unknown) => onFailed(error instanceof Error ? error.message : String(error)))
        .finally(() => {
          running = undefined;
        });
    },
    done: () => running ?? Promise.resolve(),
  };
}

interface Streams {
  readonly stdin: StdinWriter | undefined;
  readonly stdout: OutputReader | undefined;
  readonly stderr: OutputReader | undefined;
  end(): void;
}

function openStreams({ stdin: input, output }: GuestSpec, { wire }: GuestPlace): Streams {
  const reader = (channel: 'stdout' | 'stderr'): OutputReader | undefined =>
    output.kind === 'stream'
      ? createOutputReader((bytes) => wire.send({ tag: 'credit', channel, bytes }))
      : undefined;
  const stdin = input === 'stream' ? createStdinWriter(wire) : undefined;
  const stdout = reader('stdout');
  const stderr = reader('stderr');
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
