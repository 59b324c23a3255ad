import process from 'node:process';
import { Worker } from 'node:worker_threads';
import type { PlaceEnd } from '../guest-place.ts';
import { controlText, type Frame } from '../wire/frames.ts';
import type { DaemonMessage, HostMessage } from '../wire/messages.ts';
import type { Wire } from '../wire/wire.ts';
import type { Borrower, ModuleShelf } from './module-shelf.ts';
import type { FromWorker, ToWorker, WorkerStart } from './port-messages.ts';

export interface GuestWorkerOptions extends WorkerStart {
  readonly shelf: ModuleShelf;
  /** What the guest's thread says. Ends the thread by throwing. */
  readonly onFrame: (frame: Frame) => void;
}

/** A thread for one guest, as the thread that serves it sees it. */
export interface GuestWorker {
  readonly wire: Wire<DaemonMessage>;
  /** Passes on a message of the daemon as it has come. */
  sendText(text: string): void;
  /** Gives it the module that its guest needs from the shelf, or lets it ask for the module's bytes. */
  requestModule(key: string, bytes: number): void;
  /** Settles when the thread is gone and everything it posted has been handed over. */
  readonly gone: Promise<PlaceEnd>;
  kill(): void;
}

// guest-worker.ts next to the source's folder, guest-worker.js next to the built file.
const fromSource = import.meta.url.endsWith('.ts');
/** The file that a guest's thread begins with. */
export const workerEntry = new URL(
  fromSource ? '../../guest-worker.ts' : './guest-worker.js',
  import.meta.url,
);

/**
 * For our code, host modules and their buffers; tables come out of it. The stack is what a guest gets in a process of
 * its own, so that it can go as deep in one as in the other.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 64, stackSizeMb: 1.16 };

/**
 * A thread ends in some milliseconds. V8 notices late, however, that one is to end which is in native code for long, of a host
 * module for instance; and it looks at loops by the code that they have run, not by time.
 */
export const killTimeoutMs = 2000;

export function startGuestWorker({ shelf, onFrame, ...start }: GuestWorkerOptions): GuestWorker {
  const worker = new Worker(workerEntry, {
    name: 'guest',
    workerData: start satisfies WorkerStart,
    env: {},
    argv: [],
    // Where the process is under Node's permission model a thread is only when it inherits the process's flags.
    ...(process.permission === undefined
      ? { execArgv: fromSource ? ['--conditions=@wasmlet/source'] : [] }
      : {}),
    resourceLimits,
    stdout: true,
    stderr: true,
  });
  for (const stream of [worker.stdout, worker.stderr]) stream.resume();
  let failure: NodeJS.ErrnoException | undefined;
  const kill = (): void => void worker.terminate();
  const post = (message: ToWorker, transfer: readonly ArrayBuffer[] = []): void =>
    worker.postMessage(message, transfer);
  const told = (message: HostMessage): void =>
    onFrame({ kind: 'control', seat: 0, text: controlText(message) });
  const borrower: Borrower = {
    give: (module) => post({ kind: 'module', module }),
    compile: () => told({ tag: 'module-wanted' }),
  };
  const take = (message: FromWorker): void => {
    if (message.kind === 'compiled') shelf.put(borrower, message.module);
    else onFrame({ ...message, seat: 0 });
  };

  worker.on('message', (message: FromWorker) => {
    if (failure !== undefined) return;
    try {
      take(message);
    } catch (error) {
      failure = error as Error;
      kill();
    }
  });
  worker.on('error', (error: NodeJS.ErrnoException) => {
    failure ??= error;
  });
  const gone = new Promise<PlaceEnd>((resolve) => {
    worker.once('exit', (code) => {
      shelf.leave(borrower);
      const how = failure ? failure.message : `its thread ended with ${code}`;
      resolve({ how, heapFull: failure?.code === 'ERR_WORKER_OUT_OF_MEMORY' });
    });
  });
  const sendText = (text: string): void => post({ kind: 'control', text });
  return {
    sendText,
    requestModule: (key, bytes) => shelf.request(key, bytes, borrower),
    wire: {
      send: (message) => sendText(controlText(message)),
      sendData(channel, bytes) {
        const copy = Uint8Array.from(bytes);
        post({ kind: 'data', channel, bytes: copy }, [copy.buffer]);
        return undefined;
      },
      end: () => Promise.resolve(),
      destroy: kill,
    },
    gone,
    kill,
  };
}
