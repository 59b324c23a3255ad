/**
 * The contract of host modules: how another package adds imports to guests. A host module is an ES module
 * that is loaded by URL inside the guest's own process, never in the daemon. It exports
 *
 * ```ts
 * export const contract = 1;
 * export function imports(context: HostContext): HostImports { … }
 * ```
 *
 * For components the contract is {@link HostInterface}: an interface's functions on core values.
 *
 * @packageDocumentation
 */
export type {
  BoundFunction,
  CoreExport,
  CoreHostFunction,
  CoreResult,
  CoreValue,
  GuestMemory,
  GuestView,
  HandleTable,
  HostInterface,
  ResourceType,
} from './component/host-interface.ts';
export { openComponent } from './component/open-component.ts';
export type { OpenComponent, OpenComponentOptions } from './component/open-component.ts';
export { ComponentError } from './component/link/call-from-outside.ts';
export { ComponentTrap } from './component/component-trap.ts';
export { GuestResource } from './component/abi/guest-resource.ts';
export type {
  ComponentExports,
  ComponentFunction,
  ComponentInstance,
} from './component/link/component-instance.ts';
export { inputStream, ioError, outputStream, pollable, StreamFailure } from './preview2/io-resources.ts';
export type { InputSource, IoError, OutputSink, Pollable } from './preview2/io-resources.ts';
export type { OutputSink as GuestOutputSink } from './preview1/preview1.ts';
export type { Ending } from './isolation/guest-host/exit-switch.ts';
export type { Ready } from './system/readiness.ts';

/** A host module as a guest's spec names it. */
export interface HostModuleUse {
  /** `file:` URL; must be one of the runtime's `hostModules`, which are fixed when guest hosts start. */
  readonly url: string;
  readonly contract: 1;
  /** JSON that the module understands. Policy travels here, as a value. */
  readonly config: unknown;
}

/** What a host module's file exports. */
export interface HostModule {
  readonly contract: 1;
  /** What one guest is to be linked with. */
  imports(context: HostContext): HostImports;
  /** The import modules that it provides, so that `load` is left out for guests that use none of them. @default unknown */
  readonly namespaces?: readonly string[];
  /**
   * Loads heavy libraries. Called before the process gives up its rights for the guest's, which may not be allowed to
   * read the application's files: an `import()` that comes later can fail.
   */
  load?(): Promise<void>;
}

/** Import module name → function name → function. */
export type HostImports = Readonly<Record<string, Readonly<Record<string, HostFunction>>>>;

/** All values are core wasm values. A function that throws, or rejects, traps the guest; no guest can catch that. */
export type HostFunction =
  | {
      readonly waits: false;
      /** Answers at once. */
      readonly call: (...args: never[]) => number | bigint | void;
    }
  /** May return a promise: the guest is suspended (JSPI) until it settles. */
  | {
      readonly waits: true;
      /** Answers at once or later. */
      readonly call: (...args: never[]) => Promise<number | bigint | void> | number | bigint | void;
    };

/** What a host module is given for one guest. */
export interface HostContext {
  readonly config: unknown;
  /**
   * The guest's exported `memory`, or `undefined` when it has none. Ask again after each wait: it may have
   * grown, which detaches earlier views.
   */
  memory(): WebAssembly.Memory | undefined;
  /** Aborts when the guest ends or is being killed. */
  readonly signal: AbortSignal;
  /** Sends JSON to the application (`Guest.onReport`); rate-limited, extra reports are dropped and counted. */
  report(value: unknown): void;
  /** Runs when the guest has ended, in reverse order of registration. */
  onEnd(close: () => void | Promise<void>): void;
}
