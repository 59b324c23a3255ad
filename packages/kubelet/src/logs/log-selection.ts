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

export function includesStream(wanted: LogStream, stream: 'stdout' | 'stderr'): boolean {
  return wanted === 'All' || wanted === (stream === 'stdout' ? 'Stdout' : 'Stderr');
}
