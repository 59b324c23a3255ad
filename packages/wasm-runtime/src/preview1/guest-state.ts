import type { Clocks } from '../system/clocks.ts';
import type { FillRandom } from '../system/random-bytes.ts';
import type { CallCount } from './call-count.ts';
import type { CallCaps } from '../system/call-caps.ts';
import type { DescriptorTable } from './descriptor-table.ts';
import type { Answer } from './host-call.ts';
import type { GuestMemory } from './guest-memory.ts';

/** What the calls of one guest work on. */
export interface GuestState {
  readonly memory: GuestMemory;
  readonly descriptors: DescriptorTable;
  readonly caps: CallCaps;
  readonly clocks: Clocks;
  readonly fillRandom: FillRandom;
  /** NUL-terminated. */
  readonly args: readonly Uint8Array[];
  readonly environ: readonly Uint8Array[];
  readonly waiting: 'sync' | 'suspend';
  /** Sleeps the thread; for `waiting: 'sync'`. */
  readonly sleep: (milliseconds: number) => void;
  /** Aborts when the guest is closed; ends waits. */
  readonly closing: AbortSignal;
  readonly exit: (code: number) => never;
  /** For calls that catch their errors themselves. */
  readonly answer: Answer;
  /** For calls that count themselves. */
  readonly calls: CallCount;
}
