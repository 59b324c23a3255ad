import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import process from 'node:process';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { RuntimeError } from '../errors.ts';
import type { Keeper } from './keeper.ts';
import type { Frame } from './wire/frames.ts';
import { type DaemonMessage, type HostMessage, parseHostMessage } from './wire/messages.ts';
import { openWire, type Wire } from './wire/wire.ts';

export interface GuestHostProcess {
  readonly pid: number;
  readonly wire: Wire<DaemonMessage>;
  /** Settles when it is loaded; rejects with {@link RuntimeError} `HOST_FAILED` when it ends before that. */
  readonly ready: Promise<void>;
  /** Settles when the process is gone and everything it sent has been delivered. */
  readonly gone: Promise<HostEnd>;
  /** Receives what it sends from now on; before that, nothing but `ready` is expected. */
  listen(listener: HostListener): void;
  kill(): void;
}

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
  /** Empty directory to stand in. */
  readonly directory: string;
}

// guest-host.ts next to the source's folder, guest-host.js next to the built file.
const fromSource = import.meta.url.endsWith('.ts');
const entry = fileURLToPath(new URL(fromSource ? '../guest-host.ts' : './guest-host.js', import.meta.url));
const maxLastWords = 4096;

/** Starts a guest host: our code only, nothing of the daemon's environment, files or descriptors but the wire. */
export function startGuestHost({ hostModules, keeper, directory }: GuestHostOptions): GuestHostProcess {
  const [command, ...args] = [
    ...(existsSync(setpriv) ? [setpriv, '--no-new-privs', '--'] : []),
    process.execPath,
    ...hardening(),
    ...(fromSource ? ['--conditions=@wasmlet/source'] : []),
    entry,
    JSON.stringify(hostModules),
  ];
  const child = spawn(command as string, args, {
    cwd: directory,
    env: {},
    // Of its own session: a Ctrl-C is for the application, which then ends its guests itself.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  const { pid = -1 } = child;
  keeper?.add(pid);
  lowerPriority(pid);

  let listener: HostListener | undefined;
  const { promise: ready, resolve: onReady, reject: onFailed } = Promise.withResolvers<void>();
  ready.catch(() => {}); // whoever waits for it hears of it
  const { promise: closed, resolve: onClosed } = Promise.withResolvers<Error | undefined>();
  const onFrame = (frame: Frame): void => {
    if (frame.kind === 'data') {
      if (frame.channel !== 'stdout' && frame.channel !== 'stderr')
        throw new TypeError('data of a wrong channel');
      listener?.onData(frame.channel, frame.bytes);
      return;
    }
    const message = parseHostMessage(frame.json);
    if (message.tag === 'ready') onReady();
    else listener?.onMessage(message);
  };
  const wire = openWire<DaemonMessage>(child.stdio[3] as Duplex, {
    onFrame,
    onClose(error) {
      // It ends by itself when it has closed; one that broke the format is ended.
      if (error) child.kill('SIGKILL');
      onClosed(error);
    },
  });
  const lastWords = collectLastWords(child);
  const gone = Promise.all([exitOf(child), closed]).then(([how, error]) => {
    keeper?.remove(pid);
    const words = error ? ` (${error.message})` : lastWords();
    const end = { how: `${how}${words}` };
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
    kill: () => void child.kill('SIGKILL'),
  };
}

const setpriv = '/usr/bin/setpriv';

/**
 * A seat belt, not the wall: no child processes, workers or addons; no code from strings; no tables by which
 * a guest could exhaust the heap.
 */
function hardening(): readonly string[] {
  return [
    '--permission',
    '--allow-fs-read=*',
    '--allow-fs-write=*',
    ...(process.allowedNodeEnvironmentFlags.has('--allow-net') ? ['--allow-net'] : []),
    '--disallow-code-generation-from-strings',
    '--disable-proto=throw',
    '--wasm-max-table-size=1000000',
    '--disable-warning=ExperimentalWarning',
  ];
}

/** Below the daemon, so that guests on every core leave it its time. */
function lowerPriority(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It is gone already, which `gone` tells.
  }
}

function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`cannot be started: ${error.message}`));
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
}

/** The end of what it wrote to stderr: only a crash writes there. */
function collectLastWords(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-maxLastWords);
  });
  return () => (text.trim() === '' ? '' : `: ${text.trim()}`);
}
