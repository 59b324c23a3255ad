import type { CallCaps } from '../system/call-caps.ts';
import type { Clocks } from '../system/clocks.ts';
import type { FillRandom } from '../system/random-bytes.ts';
import type { FailedStreams } from './stream-results.ts';

/** What the functions of one guest work on. */
export interface GuestState {
  readonly clocks: Clocks;
  readonly fillRandom: FillRandom;
  readonly caps: CallCaps;
  /** Sleeps the thread; where a guest's `waiting` is `sync`. */
  readonly sleep: (milliseconds: number) => void;
  /** Aborts when the guest is closed; ends waits. */
  readonly closing: AbortSignal;
  readonly failed: FailedStreams;
}
