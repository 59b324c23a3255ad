import type { OutputSink } from '../preview1/preview1.ts';

export interface OutputLimit {
  /** Of all sinks together. */
  readonly maxBytes: number;
  /** Called when there would be more: does not return, or with a promise that never settles. The guest is ended meanwhile. */
  readonly onExceeded: () => Promise<never> | never;
}

/** The same sinks, which together take so many bytes and no more. What fits of the write that exceeds them is still written. */
export function limitOutputs<Name extends string>(
  sinks: Readonly<Record<Name, OutputSink>>,
  { maxBytes, onExceeded }: OutputLimit,
): Readonly<Record<Name, OutputSink>> {
  let left = maxBytes;
  const limited = (sink: OutputSink): OutputSink => ({
    write(chunk) {
      if (chunk.length <= left) {
        left -= chunk.length;
        return sink.write(chunk);
      }
      const fitting = chunk.subarray(0, left);
      left = 0;
      const written = fitting.length === 0 ? undefined : sink.write(fitting);
      return written === undefined ? onExceeded() : written.then(onExceeded);
    },
  });
  const entries = Object.entries<OutputSink>(sinks).map(([name, sink]) => [name, limited(sink)]);
  return Object.fromEntries(entries) as Record<Name, OutputSink>;
}
