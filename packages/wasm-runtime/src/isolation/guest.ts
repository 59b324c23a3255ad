import type { Readable, Writable } from 'node:stream';
import type { GuestSpec } from './guest-spec.ts';
import type { GuestStats } from './guest-stats.ts';

/** How a call is ended early. */
export interface AbortOptions {
  /** Ends the call early; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Runs guests. One per application; closing it kills every guest. */
export interface WasmRuntime extends AsyncDisposable {
  /** Opens what the guests of one pod share: a user id, a set of directories, a right to be killed together. */
  openSandbox(spec: SandboxSpec, options?: AbortOptions): Promise<Sandbox>;
  /** Starts one guest in a sandbox of its own, disposed when the guest ends. */
  start(spec: GuestSpec, options?: AbortOptions): Promise<Guest>;
}

/** What a sandbox is made for. */
export interface SandboxSpec {
  /** For messages and records, e.g. a pod's uid. */
  readonly id: string;
  /**
   * Whose it is: guests of the isolation `thread` share a guest host, and so a user, with those of other sandboxes of the
   * same group and of no other. @default a group of its own
   */
  readonly group?: string;
  /** Directories that belong to the sandbox: handed to its user, where it has one, before the first guest starts. */
  readonly directories?: readonly string[];
}

/** What the guests of one pod share. Disposing it kills them. */
export interface Sandbox extends AsyncDisposable {
  /** The user under which its guest hosts run; absent when the application is not root. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Rejects with {@link RuntimeError} when the module is no module, imports what nobody provides, or cannot be linked. */
  start(spec: GuestSpec, options?: AbortOptions): Promise<Guest>;
}

/** One running module. Disposing it kills it. */
export interface Guest extends AsyncDisposable {
  readonly id: string;
  /** Process id of the guest host, which guests in threads share; 0 for a guest that had ended before it needed one. */
  readonly pid: number;
  readonly startedAt: Date;
  /** Settles when the guest is gone and its output is written. Never rejects. */
  readonly exited: Promise<GuestExit>;
  /** Present when the spec says `stdin: 'stream'`. */
  readonly stdin?: Writable;
  /** Present when the spec says `output: { kind: 'stream' }`. */
  readonly stdout?: Readable;
  readonly stderr?: Readable;
  /**
   * Present when the spec says `diagnostics: { profile: true }`: V8's CPU profile as JSON, which devtools and speedscope open, once
   * the guest has ended. `undefined` of a guest that was killed. Never rejects.
   */
  readonly profile?: Promise<string | undefined>;
  /**
   * Present when the spec says `diagnostics: { report: true }`: JSON of how the guest ended, sizes of its memories and tables,
   * values of its exported globals, and how often it called what, once it has ended. `undefined` of a guest that was killed.
   */
  readonly report?: Promise<string | undefined>;
  /** What it has taken so far; `undefined` when it is gone, and on other systems than Linux. */
  stats(): Promise<GuestStats | undefined>;
  /**
   * Ends the guest: one whose entry was called, which cannot be told, at once; one that a host module drives when it has finished what
   * it had begun, and after `graceMs` at the latest. Idempotent; of several calls the earliest end counts.
   */
  stop(options: { readonly graceMs: number }): Promise<GuestExit>;
  /** Reports of host modules (denied connections), at most a bounded rate; the first ones wait for a listener; `undefined` removes it. */
  onReport(listener: ((report: GuestReport) => void) | undefined): void;
}

/** What a host module has told of a guest. */
export interface GuestReport {
  /** URL of the host module. */
  readonly module: string;
  readonly report: unknown;
  /** How many were dropped before this one because they came too fast. */
  readonly dropped: number;
}

/** How a guest has ended. */
export type GuestExit = GuestOutcome & {
  readonly finishedAt: Date;
  /**
   * How often it called its host, `proc_exit` included. Of one that was killed, as {@link GuestStats.hostCalls} was; absent of one
   * that ended before it needed a place.
   */
  readonly hostCalls?: number;
};

/** What the end of a guest was. */
export type GuestOutcome =
  | {
      readonly kind: 'exited';
      readonly code: number;
      /** What its entry function gave, numbers as text; absent where it gave nothing. */
      readonly results?: readonly string[];
    }
  | {
      readonly kind: 'trapped';
      readonly trap: TrapKind;
      /** e.g. `wasm trap: unreachable`, with the wasm backtrace below. */
      readonly message: string;
      /** The guest's functions that it happened in, innermost first; at most 20. */
      readonly backtrace: readonly TrapFrame[];
    }
  | { readonly kind: 'killed'; readonly reason: KillReason; readonly message: string };

/** One function of a guest that was running when it trapped. */
export interface TrapFrame {
  /** Of the module's name section, Rust's names demangled; absent where it has none. */
  readonly name?: string;
  /** Index of the function in the module. */
  readonly function: number;
  /** Offset of the instruction, in bytes from the module's beginning. */
  readonly offset: number;
  /** Source of the instruction, where the module has line tables (DWARF): absolute, or from where the compiler ran. */
  readonly file?: string;
  /** From 1; with {@link TrapFrame.file}. */
  readonly line?: number;
  /** From 1; absent where only the line is known. */
  readonly column?: number;
}

/** What went wrong in a guest. */
export type TrapKind =
  | 'unreachable'
  | 'memory-out-of-bounds'
  | 'table-out-of-bounds'
  | 'indirect-call-mismatch'
  | 'integer-overflow'
  | 'integer-divide-by-zero'
  | 'stack-overflow'
  | 'other';

/** Why a guest was ended from outside. */
export type KillReason =
  /** `stop()` was called. */
  | 'stop'
  /** It was told to stop, and had not ended when its grace had passed. */
  | 'grace'
  /** {@link GuestLimits.timeoutMs} passed. */
  | 'timeout'
  /** Out of memory: trapped with a memory at its cap, a declared minimum above it, or the cgroup's OOM killer. */
  | 'memory'
  /** {@link GuestLimits.outputBytes} were written. */
  | 'output'
  /** The guest host went away (crashed, or was killed from outside). */
  | 'host-closed';
