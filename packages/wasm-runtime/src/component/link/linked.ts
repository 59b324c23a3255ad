import type { Signature } from '../abi/signatures.ts';
import type { CoreHostFunction, ResourceType } from '../host-interface.ts';
import type { ComponentPlan, StepImport } from '../plan/component-plan.ts';
import type { Waits } from './find-waits.ts';
import type { FirstState } from './first-state.ts';
import type { MemoryPool } from './memory-pool.ts';
import type { WaitingCalls } from './waiting-calls.ts';

/** A plan and all that is the same for each of its instances. */
export interface Linked {
  readonly plan: ComponentPlan;
  readonly functions: readonly CoreHostFunction[];
  readonly resources: readonly (ResourceType<never> | undefined)[];
  readonly waits: Waits;
  /** Trampolines that may wait and are called by way of {@link waitingCalls}, and their places there. */
  readonly waiters: ReadonlyMap<number, number>;
  readonly waitingCalls: WaitingCalls;
  /** For modules that import their memory. */
  readonly memories: MemoryPool;
  /** That an instance begins with. */
  readonly memoryBytes: number;
  /** What instances can be put back to; nothing where they cannot. Found when it is first asked for. */
  readonly firstState: () => FirstState | undefined;
  /** Core parameters of each trampoline. */
  readonly paramCounts: readonly number[];
  readonly waiting: 'sync' | 'suspend';
  readonly maxHandles: number;
  readonly maxCallBytes: number;
  /** Traps. */
  readonly trap: () => never;
  readonly signatureOf: (lift: number) => Signature;
  /** For each step, the imports by module name. */
  readonly imports: readonly (readonly (readonly [string, readonly StepImport[]])[])[];
}
