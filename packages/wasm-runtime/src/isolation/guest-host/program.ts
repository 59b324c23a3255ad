import type { ComponentPlan } from '../../component/plan/component-plan.ts';
import type { CallCount } from '../../preview1/call-count.ts';
import type { InputSource, OutputSink, PassedListener } from '../../preview1/preview1.ts';
import type { Assignment, GuestEnd, HostMessage } from '../wire/messages.ts';
import type { Wire } from '../wire/wire.ts';
import type { LoadedHostModules } from './host-modules.ts';

/** What a guest host compiles once and guests of the same bytes share: a module, or a component with its modules. */
export type CompiledProgram = WebAssembly.Module | ComponentPlan;

/** A guest for which all that needs the daemon's rights is open; nothing of its program has been looked at. */
export interface OpenedGuest {
  /** Throws {@link RuntimeError}. */
  compile(bytes: Uint8Array): CompiledProgram;
  /** Links and runs it, and closes what it held. Rejects with {@link RuntimeError} when it could not begin. */
  run(program: CompiledProgram): Promise<GuestEnd>;
}

export interface GuestInput {
  readonly assignment: Assignment;
  readonly wire: Wire<HostMessage>;
  readonly hostModules: LoadedHostModules;
  readonly calls: CallCount;
  /** Of {@link createTrap}, made before the guest came. */
  readonly trap: () => never;
  /** To be called when it is linked and begins to run. */
  readonly tellStarted: () => void;
  readonly listeners: readonly PassedListener[];
  /** Aborts when what drives the guest is to come to an end. */
  readonly stopping: AbortSignal;
  readonly stdin: InputSource;
  readonly stdout: OutputSink;
  /** A trace of its calls goes here as well. */
  readonly stderr: OutputSink;
}
