/**
 * The contract of host modules: how another package adds imports to guests. A host module is an ES module
 * that is loaded by URL inside the guest's own process, never in the daemon. It exports
 *
 * ```ts
 * export const contract = 1;
 * export function imports(context: HostContext): HostImports { … } // for modules
 * export function interfaces(context: HostContext): readonly HostInterface[] { … } // for components
 * ```
 *
 * A {@link HostInterface} is an interface's functions on core values. What both are made of is loaded when it is first wanted:
 * every guest host loads the file itself. A module that exports `drive` as well serves with a component: it calls what the
 * component exports, in place of its command.
 *
 * @packageDocumentation
 */
import type { HostInterface } from './component/host-interface.ts';
import type { OpenComponent } from './component/open-component.ts';
import type { OutputSink } from './preview1/preview1.ts';

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
export { RuntimeError } from './errors.ts';
export type { RuntimeErrorCode } from './errors.ts';
export { trapMessage } from './isolation/guest-host/trap-message.ts';
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
  /** Which components it drives. @default none */
  readonly drives?: DriveUse;
}

/** How a host module drives a component. */
export interface DriveUse {
  /**
   * Without version, as `wasi:http/incoming-handler`: a component that exports it, in a version 0.2, is given to the module, and its
   * command, if it has one, is not called.
   */
  readonly interface: string;
  /**
   * How its instances wait; `sync` is only for those that never do, and taken for `suspend` where the guest's output is streamed.
   *
   * @default 'suspend'
   */
  readonly waiting?: 'sync' | 'suspend';
  /** Whether an instance lives for many calls. @default false: it is made for one */
  readonly longLived?: boolean;
}

/** What a host module's file exports: `imports`, `interfaces`, or both. */
export interface HostModule {
  readonly contract: 1;
  /** What one module is to be linked with. @default nothing */
  imports?(context: HostContext): HostImports;
  /** What one component is to be linked with, beside WASI. @default nothing */
  interfaces?(context: HostContext): readonly HostInterface[] | Promise<readonly HostInterface[]>;
  /**
   * The import modules, or interfaces without their version, that it provides, so that `load` is left out for guests that use none
   * of them. @default unknown
   */
  readonly namespaces?: readonly string[];
  /**
   * Loads heavy libraries. Called before the process gives up its rights for the guest's, which may not be allowed to
   * read the application's files: an `import()` that comes later can fail.
   */
  load?(): Promise<void>;
  /**
   * Opens what it takes to drive a component. Called before the process gives up its rights for the guest's: for ports, and for
   * files of its own. Rejects where that cannot be opened.
   */
  drive?(context: DriveContext): Promise<Driver>;
}

/** Calls a component. */
export interface Driver {
  /** Joins the component to hosts and begins to call it; the guest counts as started then. Throws where that cannot be. */
  begin(component: DrivenComponent): void;
  /** Settles when it is done, after it was told to stop: the guest exits with 0. Rejects when it cannot go on. */
  readonly ended: Promise<void>;
}

/** A component that is read, checked and compiled. */
export interface DrivenComponent {
  /**
   * Joins it to hosts, given those of WASI and of other host modules. All of its instances share the guest's files and output.
   *
   * Throws {@link RuntimeError}: `CANNOT_LINK`, `UNKNOWN_IMPORT`.
   */
  link(
    hosts: (given: readonly HostInterface[]) => readonly HostInterface[],
  ): Pick<OpenComponent, 'instantiate'>;
}

/** What a module is given that drives a guest. */
export interface DriveContext extends Omit<HostContext, 'memory'> {
  /** How the component's instances wait. */
  readonly waiting: 'sync' | 'suspend';
  /** Aborts when the guest is to come to an end: what has begun is to be finished, as long as it is let. */
  readonly stopping: AbortSignal;
  /** Where the guest's output goes, for what is to be told beside it. */
  readonly stdout: OutputSink;
  readonly stderr: OutputSink;
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
   * The guest's exported `memory`, or `undefined` when it has none, as a component. Ask again after each wait: it may have
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
