import type { GuestMount } from '../isolation/guest-spec.ts';
import type { Listener } from '../system/listener.ts';
import type { CallCount } from './call-count.ts';
import type { CallCaps } from '../system/call-caps.ts';

/** What a preview1 guest sees, resolved; the isolation layer builds it inside the guest host. */
export interface Preview1Options {
  readonly args: readonly string[];
  readonly env: readonly (readonly [name: string, value: string])[];
  /** Opened at creation, in order, as descriptors 3, 4, …; a missing directory is an `INVALID_MOUNT` error. */
  readonly mounts: readonly GuestMount[];
  readonly stdin: InputSource;
  readonly stdout: OutputSink;
  readonly stderr: OutputSink;
  readonly tty: boolean;
  /** How waits are done. `sync`: `Atomics.wait`; `suspend`: promises under JSPI (see {@link Preview1.waits}). */
  readonly waiting: 'sync' | 'suspend';
  readonly maxDescriptors: number;
  /** Of those that are absent the defaults hold. */
  readonly caps?: Partial<CallCaps>;
  /** Counts its calls. */
  readonly calls?: CallCount;
  /** Sockets that listen, after the directories in the guest's table. They need `waiting: 'suspend'`. */
  readonly listeners?: readonly PassedListener[];
  /**
   * Ends the guest and does not return. Implemented by a wasm trap that no guest can catch; `proc_exit` calls
   * it with the code.
   */
  readonly exit: (code: number) => never;
  /**
   * Ends the guest in the same way for an error that is none of its own: a defect, or a stack overflow in a host
   * call. Without it the error is thrown, and a guest can catch it.
   */
  readonly fail?: (error: unknown) => never;
}

/** Bytes for fd 0. */
export type InputSource =
  | { readonly kind: 'empty' }
  /** A regular file, which is always ready. */
  | { readonly kind: 'file'; readonly hostPath: string; readonly root?: string }
  | {
      readonly kind: 'stream';
      /** Up to `into.length` bytes that are there now: their number, 0 at the end, `undefined` when one has to wait. */
      readNow(into: Uint8Array): number | undefined;
      /** Resolves when `readNow` would not answer `undefined`. Rejects when `signal` aborts. */
      readable(signal?: AbortSignal): Promise<void>;
    };

/** A listening socket for a guest, which is closed with it. */
export interface PassedListener {
  readonly listener: Listener;
  /** Whether `sock_accept` answers EAGAIN when nobody is there, as programs expect that poll. */
  readonly nonblocking: boolean;
}

/** Takes the bytes of fd 1 or 2. Writes them all before it returns or resolves, or throws an errno-carrying error. */
export interface OutputSink {
  /** Takes one write of the guest. */
  write(chunk: Uint8Array): void | Promise<void>;
}

/** Its functions, by the two names that modules have for it. */
export interface Preview1Imports {
  readonly wasi_snapshot_preview1: Preview1Functions;
  readonly wasi_unstable: Preview1Functions;
}

export interface Preview1 {
  /** Functions of `wasi_snapshot_preview1` and of `wasi_unstable`, by name. */
  readonly imports: Preview1Imports;
  /** Names of functions that may return a promise when `waiting` is `suspend`: wrap them in `WebAssembly.Suspending`. */
  readonly waits: ReadonlySet<string>;
  /** To be called once, after instantiation and before the entry function. */
  attach(memory: WebAssembly.Memory): void;
  /** Closes every descriptor the guest has opened. Idempotent. */
  close(): void;
  /** Resolves when what the guest has sent over closed connections has gone, or cannot go. */
  settled(): Promise<void>;
}

export type Preview1Functions = Readonly<
  Record<string, (...args: never[]) => number | void | Promise<number | void>>
>;
