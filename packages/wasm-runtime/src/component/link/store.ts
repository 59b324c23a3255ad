import type { ExitSwitch } from '../../isolation/guest-host/exit-switch.ts';
import type { CoreSource } from '../plan/component-plan.ts';
import type { ResourceType } from '../host-interface.ts';
import { Handles } from './handles.ts';

/** What all instances within one instance of a component share; a trap in one ends all. */
export interface Store {
  readonly waiting: 'sync' | 'suspend';
  readonly exitSwitch: ExitSwitch;
  readonly instances: readonly InstanceState[];
  /** By number of the plan. */
  readonly resources: readonly ResourceType<never>[];
  /** Exports of the core instances that are there so far. */
  readonly coreExports: (WebAssembly.Exports | undefined)[];
  readonly trampolineOf: (trampoline: number) => CoreFunction;
  /** What calls wait for at the moment, to be rejected when the instance is stopped. */
  readonly waits: Set<(reason: Error) => void>;
  /** Why no instance may call anybody any more. */
  stopped: Error | undefined;
  /** Calls from outside that run or wait. */
  calls: number;
  ended: boolean;
  /** What hosts have of its memories is of no use any more: they may be another instance's. */
  closed: boolean;
  /** Why, once it has ended. */
  end: unknown;
  /** The wasm trap, or whatever else was thrown. */
  trap: unknown;
}

export type CoreFunction = (...values: never[]) => unknown;

/** One component instance. */
export interface InstanceState {
  readonly number: number;
  readonly handles: Handles;
  /** Not while its allocator and its clean-up run: they may call nobody. */
  mayLeave: boolean;
  /** While one of its exports runs: it cannot be called again. */
  entered: boolean;
}

/** A resource type that a component defines: its representation is a number. */
export interface GuestResourceType extends ResourceType<number> {
  /** The component instance that defines it. */
  readonly instance: InstanceState;
  /** Calls the destructor; a promise where it may wait. */
  destroy(rep: number): void | Promise<void>;
  /** The same for JavaScript, as a call from outside. */
  destroyFromOutside(rep: number): void | Promise<void>;
}

export function createInstanceState(
  number: number,
  maxHandles: number,
  trap: (reason: string) => never,
): InstanceState {
  return { number, handles: new Handles(maxHandles, trap), mayLeave: true, entered: false };
}

/** What a source stands for; nothing as long as its core instance is not there. */
export function resolveSource(store: Store, source: CoreSource): unknown {
  return source.from === 'trampoline'
    ? store.trampolineOf(source.trampoline)
    : store.coreExports[source.instance]?.[source.name];
}
