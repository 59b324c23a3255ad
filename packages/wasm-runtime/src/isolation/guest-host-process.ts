import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import process from 'node:process';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { RuntimeError } from '../errors.ts';
import { hardeningFlags, type Launcher } from './birth.ts';
import type { Keeper } from './keeper.ts';
import type { Frame } from './wire/frames.ts';
import { type DaemonMessage, type HostMessage, parseHostMessage } from './wire/messages.ts';
import { openWire, type Wire } from './wire/wire.ts';

export interface GuestHostProcess {
  readonly pid: number;
  readonly wire: Wire<DaemonMessage>;
  /** Settles when it is loaded; rejects with {@link RuntimeError} when it ends before that. */
  readonly ready: Promise<void>;
  /** Settles when the process is gone and everything it sent has been delivered. */
  readonly gone: Promise<HostEnd>;
  /** Receives what it sends from now on; before that, nothing but `ready` is expected. */
  listen(listener: HostListener): void;
  kill(): void;
}

/** A listener that throws ends the guest host. */
export interface HostListener {
  onMessage(message: HostMessage): void;
  onData(channel: 'stdout' | 'stderr', bytes: Uint8Array): void;
}

export interface HostEnd {
  /** How it went, for people: `exit code 1`, `signal SIGKILL`, with its last words if it had any. */
  readonly how: string;
}

export interface GuestHostOptions {
  readonly hostModules: readonly string[];
  readonly keeper: Keeper | undefined;
  readonly launcher: Launcher;
}

// guest-host.ts next to the source's folder, guest-host.js next to the built file.
const fromSource = import.meta.url.endsWith('.ts');
const entry = fileURLToPath(new URL(fromSource ? '../guest-host.ts' : './guest-host.js', import.meta.url));

/**
 * Starts a guest host: our code only, nothing of the daemon's environment, files or descriptors but the wire.
 *
 * @param waits it will wait in a pool, so it may take its time to get fast
 *
 * Throws {@link RuntimeError} `HOST_FAILED` where no process can be made.
 */
export function startGuestHost(options: GuestHostOptions, { waits }: { waits: boolean }): GuestHostProcess {
  const { child, pid, socket } = spawnHost(options, waits);
  options.keeper?.add(pid);
  placeBelowDaemon(pid);

  let listener: HostListener | undefined;
  const { promise: ready, resolve: onReady, reject: onFailed } = Promise.withResolvers<void>();
  ready.catch(() => {}); // whoever waits for it hears of it
  const onFrame = (frame: Frame): void => {
    if (frame.kind === 'data') {
      if (frame.channel !== 'stdout' && frame.channel !== 'stderr') {
        throw new TypeError('data of a wrong channel');
      }
      listener?.onData(frame.channel, frame.bytes);
      return;
    }
    const message = parseHostMessage(frame.json);
    if (message.tag === 'failed') onFailed(new RuntimeError(message.code, message.message));
    if (message.tag === 'ready') onReady();
    else listener?.onMessage(message);
  };
  let broken: Error | undefined;
  const { promise: closed, resolve: onClosed } = Promise.withResolvers<void>();
  const wire = openWire<DaemonMessage>(socket, {
    onFrame,
    onClose(error) {
      broken = error;
      // It has said all that it will say, or what no guest host of ours says.
      child.kill('SIGKILL');
      onClosed();
    },
  });
  const gone = Promise.all([endOf(child), closed]).then(([how]) => {
    options.keeper?.remove(pid);
    const end = { how: broken ? `${how} (${broken.message})` : how };
    onFailed(new RuntimeError('HOST_FAILED', `the guest host ended before it was ready: ${end.how}`));
    return end;
  });
  return {
    pid,
    wire,
    ready,
    gone,
    listen(next) {
      listener = next;
    },
    kill: () => killNow(child, pid),
  };
}

function spawnHost({ hostModules, launcher }: GuestHostOptions, waits: boolean) {
  const [command, ...args] = [
    ...launcher,
    process.execPath,
    ...hardeningFlags(),
    ...(fromSource ? ['--conditions=@wasmlet/source'] : []),
    entry,
    JSON.stringify({ hostModules, rehearse: waits }),
  ];
  try {
    const child = spawn(command, args, {
      // Nothing of the guest happens relative to it, and nothing is left when the application is killed.
      cwd: '/',
      env: {},
      // Of its own session: a Ctrl-C is for the application, which then ends its guests itself.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    });
    if (child.pid !== undefined) return { child, pid: child.pid, socket: child.stdio[3] as Duplex };
    child.once('error', () => {}); // the same in its own words
  } catch (cause) {
    throw cannotStart(command, cause);
  }
  throw cannotStart(command);
}

function cannotStart(command: string, cause?: unknown): RuntimeError {
  const reason = cause instanceof Error ? `: ${cause.message}` : '';
  return new RuntimeError(
    'HOST_FAILED',
    `no process can be started with ${command}${reason}; are there too many processes or open files?`,
    { cause },
  );
}

/** Between what Kubernetes gives to pods without and with limits; the kernel kills from 1000 downwards. */
const oomScore = '900';

/** Guests on every core leave the daemon its time, and when the machine is out of memory they go first. */
function placeBelowDaemon(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
    if (process.platform === 'linux') writeFileSync(`/proc/${pid}/oom_score_adj`, oomScore);
  } catch {
    // It is gone already, which `gone` tells.
  }
}

/** A process dies on its own time: at its low priority that would be long on a busy machine. */
function killNow(child: ChildProcess, pid: number): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  try {
    setPriority(pid, constants.priority.PRIORITY_NORMAL);
  } catch {
    // Only root may; it dies all the same.
  }
  child.kill('SIGKILL');
}

const maxLastWords = 4096;
/** Longest that streams of a dead process are waited for: something else may hold their other ends. */
const closeTimeoutMs = 1000;

/** Settles when the process has ended and its streams are at their ends. */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    // Only a crash writes to stderr.
    let words = '';
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      words = (words + chunk).slice(-maxLastWords);
    });
    let how = 'it could not be started';
    child.once('exit', (code, signal) => {
      how = signal === null ? `exit code ${code}` : `signal ${signal}`;
      const timer = setTimeout(() => {
        for (const stream of child.stdio) stream?.destroy();
      }, closeTimeoutMs);
      child.once('close', () => {
        clearTimeout(timer);
        resolve(words.trim() === '' ? how : `${how}: ${words.trim()}`);
      });
    });
  });
}
