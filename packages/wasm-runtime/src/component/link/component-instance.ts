import type { Ending } from '../../isolation/guest-host/exit-switch.ts';
import type { CoreExport } from '../host-interface.ts';

/** A function that a component exports, on values of JavaScript's. */
export type ComponentFunction = (...values: readonly unknown[]) => unknown;

/** An exported function, or an exported interface's functions by name. */
export type ComponentExports = { readonly [name: string]: ComponentFunction | ComponentExports };

/** One instance of a component. Its functions are called one at a time; a trap ends it. */
export interface ComponentInstance {
  /**
   * What it exports, by the names that it has: `instance.exports['wasi:cli/run@0.2.3'].run()`. Promises where the instance's
   * `waiting` is `suspend`.
   *
   * Records are objects with the names of WIT, tuples and lists arrays, `list<u8>` a Uint8Array, 64-bit integers
   * bigints, a char a string, flags objects of booleans, enums strings, variants `{ tag, val }`, an option its value or
   * `undefined` (`{ tag: 'none' }`, `{ tag: 'some', val }` where options hold options), a result `{ tag: 'ok', val }` or
   * `{ tag: 'err', val }`, maps Maps; resources of hosts their objects, those of the component a {@link GuestResource}. A
   * function that answers a result answers what is in `ok`, or throws a {@link ComponentError}.
   */
  readonly exports: ComponentExports;
  /**
   * A function on core values, for hosts. `interface` without version (any matches), or empty for a function at the top;
   * nothing when the component does not export it.
   */
  coreExport(of: string, name: string): CoreExport | undefined;
  /** The memories that its core instances export, largest first. */
  readonly memories: readonly WebAssembly.Memory[];
  /** Bytes of memory that it began with. */
  readonly memoryBytes: number;
  /** Whether the last growth of a memory that a core module asked for was refused, where that is watched. */
  readonly growthRefused: boolean;
  /** How it used its exit: the code that it exited with, or what a host function failed with. */
  readonly ending: Ending | undefined;
  /** The wasm trap that ended it, with its backtrace, or what else came out of it. */
  readonly trap: unknown;
  /**
   * Ends the call that it is in, if any, with `reason`: where it waits for a host, or else at its next call to one. What does
   * not call hosts is ended by its thread alone.
   */
  stop(reason: Error): void;
  /**
   * Makes it what it was before its first call, as if it had been made anew, and ends what hosts have given it. `false` where it cannot
   * be: after a trap, while it is in a call, with a memory that has grown, of a component that can change more than memories and
   * globals or that calls hosts while it is made, and of one whose memories are not pooled. Then it is to be closed.
   */
  reset(): boolean;
  /** Ends it and what hosts have given it. It must not be in a call. */
  close(): void;
}
