import type { CoreExport } from '@wasmlet/wasm-runtime/host';

/** A component that serves HTTP, ready to be started as often as one likes. */
export interface GuestProgram {
  start(): GuestInstance | Promise<GuestInstance>;
}

/** One instance of it. */
export interface GuestInstance {
  /** `wasi:http/incoming-handler.handle`. */
  readonly handle: CoreExport;
  /** Ends it, and what it waits for. */
  close(reason: Error): void;
}
