import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import process from 'node:process';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { RuntimeError } from '../errors.ts';
import { type HostTier, hardeningFlags, type Launcher } from './birth.ts';
import type { PlaceEnd } from './guest-place.ts';
import type { Keeper } from './keeper.ts';
import { raisePriority } from './raise-priority.ts';
import type { Frame } from './wire/frames.ts';
import { openWire, type SharedWire } from './wire/wire.ts';

export interface HostProcessOptions {
  readonly hostModules: readonly string[];
  readonly keeper: Keeper | undefined;
  readonly launcher: Launcher;
}

/** A process that runs guests. */
export interface HostProcess<Sent> {
  readonly pid: number;
  readonly wire: SharedWire<Sent>;
  /** Settles when the process is gone and everything it sent has been delivered. */
  readonly gone: Promise<PlaceEnd>;
  kill(): void;
}

export interface HostBirth {
  readonly tier: HostTier;
  /** JSON that the entry of the tier's process understands. */
  readonly argument: unknown;
  /** A frame that it throws at ends the process. */
  readonly onFrame: (frame: Frame) => void;
}

// guest-host.ts next to the source's folder, guest-host.js next to the built file.
const fromSource = import.meta.url.endsWith('.ts');
const entries = { process: 'guest-host', thread: 'thread-host' } as const;
const entryOf = (tier: HostTier): string =>
  fileURLToPath(new URL(fromSource ? `../${entries[tier]}.ts` : `./${entries[tier]}.js`, import.meta.url));

/**
 * Starts a guest host: our code only, nothing of the daemon's environment, files or descriptors but the wire.
 *
 * Throws {@link RuntimeError} `HOST_FAILED` where no process can be made.
 */
export function startHostProcess<Sent>(options: HostProcessOptions, birth: HostBirth): HostProcess<Sent> {
  const { child, pid, socket } = spawnHost(options, birth);
  options.keeper?.add(pid);
  placeBelowDaemon(pid, birth.tier);

  let broken: Error | undefined;
  const { promise: closed, resolve: onClosed } = Promise.withResolvers<void>();
  const wire = openWire<Sent>(socket, {
    onFrame: birth.onFrame,
    onClose(error) {
      broken = error;
      // It has said all that it will say, or what no guest host of ours says.
      child.kill('SIGKILL');
      onClosed();
    },
  });
  const gone = Promise.all([endOf(child), closed]).then(([how]) => {
    options.keeper?.remove(pid);
    return { how: broken ? `${how} (${broken.message})` : how, heapFull: heapExhausted.test(how) };
  });
  return { pid, wire, gone, kill: () => killNow(child, pid) };
}

/** In V8's last words. */
const heapExhausted = /heap out of memory|heap limit/i;

function spawnHost({ launcher }: HostProcessOptions, { tier, argument }: HostBirth) {
  const [command, ...args] = [
    ...launcher,
    process.execPath,
    ...hardeningFlags(tier),
    ...(fromSource ? ['--conditions=@wasmlet/source'] : []),
    entryOf(tier),
    JSON.stringify(argument),
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

/** Threads put themselves below what serves them, which puts itself below the daemon. */
const niceness = { process: constants.priority.PRIORITY_BELOW_NORMAL, thread: 5 } as const;

/** Guests on every core leave the daemon its time, and when the machine is out of memory they go first. */
function placeBelowDaemon(pid: number, tier: HostTier): void {
  try {
    setPriority(pid, niceness[tier]);
    if (process.platform === 'linux') writeFileSync(`/proc/${pid}/oom_score_adj`, oomScore);
  } catch {
    // It is gone already, which `gone` tells.
  }
}

function killNow(child: ChildProcess, pid: number): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  raisePriority(pid);
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
