import type { CompiledProgram } from '../guest-host/program.ts';
import type { Channel } from '../wire/frames.ts';

/** What a guest's thread is posted by the thread that serves it. */
export type ToWorker =
  /** JSON. */
  | { readonly kind: 'control'; readonly text: string }
  | { readonly kind: 'data'; readonly channel: Channel; readonly bytes: Uint8Array }
  /** The guest's program: another guest has had it compiled. */
  | { readonly kind: 'module'; readonly module: CompiledProgram };

/** What a guest's thread posts. */
export type FromWorker =
  /** JSON. */
  | { readonly kind: 'control'; readonly text: string }
  | { readonly kind: 'data'; readonly channel: Channel; readonly bytes: Uint8Array }
  /** The guest's program, for others that run the same. */
  | { readonly kind: 'compiled'; readonly module: CompiledProgram };

/** What one of them starts with. */
export interface WorkerStart {
  readonly hostModules: readonly string[];
  /** There is time to get fast before the first guest comes. */
  readonly rehearse: boolean;
}
