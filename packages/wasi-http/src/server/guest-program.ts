import type { CoreExport } from '@wasmlet/wasm-runtime/host';

/** A component that serves HTTP, ready to be started as often as one likes. */
export interface GuestProgram {
  /** Whether its instances can wait; if not, they are given bodies whole. */
  readonly waiting: 'sync' | 'suspend';
  start(): GuestInstance;
}

/** One instance of it. */
export interface GuestInstance {
  /** `wasi:http/incoming-handler.handle`. */
  readonly handle: CoreExport;
  /** Bytes of memory that it began with. */
  readonly memoryBytes: number;
  /** Ends the call that it is in, where it waits or at its next call of the host. */
  stop(reason: Error): void;
  /** Makes it what it was when it was started; `false` where it cannot be. Not while it is in a call. */
  reset(): boolean;
  /** Frees what it has. Not while it is in a call. */
  close(): void;
}
