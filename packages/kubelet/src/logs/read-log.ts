import type { Clock } from '../node/clock.ts';
import type { AbortOptions } from '../provider.ts';

export type LogStream = 'All' | 'Stdout' | 'Stderr';

/** What of a log is wanted, as `PodLogOptions` says it. */
export interface LogSelection {
  /** Lines from the end; all when absent. */
  readonly tailLines?: number;
  /** Lines written at this time or later. */
  readonly since?: Date;
  /** Ends the output after this many bytes, timestamps included. */
  readonly limitBytes?: number;
  /** Puts the time of writing before each line. @default false */
  readonly timestamps?: boolean;
  /** @default 'All' */
  readonly stream?: LogStream;
}

export interface ReadLogOptions extends LogSelection, AbortOptions {
  /** Path of the run's current file, see `logPath`. */
  readonly path: string;
  /** Goes on with what is written until this settles (the run has ended); absent: reads what is there. */
  readonly followUntil?: Promise<void>;
  /** @default the machine's clock */
  readonly clock?: Clock;
}

/** Reads the log of one run, rotated files included. */
export function readLog(_options: ReadLogOptions): AsyncGenerator<Uint8Array, void, undefined> {
  throw new Error('not implemented');
}
