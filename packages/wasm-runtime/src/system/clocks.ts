import process from 'node:process';

/** Nanoseconds. */
export interface Clocks {
  /** Since 1970; follows corrections of the machine's clock. */
  realtime(): bigint;
  /** Never runs backwards; its zero means nothing. */
  monotonic(): bigint;
  /** Processor time of the guest's process, the host's own part included. */
  processTime(): bigint;
  threadTime(): bigint;
}

/** How often the realtime clock is compared with the machine's. */
const comparisonNs = 1_000_000_000n;
/** Differences up to this are rounding of the machine's milliseconds. */
const toleranceNs = 2_000_000n;

export function createClocks(): Clocks {
  let offset: bigint | undefined;
  let comparedAt = -comparisonNs;

  return {
    realtime() {
      const now = monotonicNow();
      offset ??= preciseOffset();
      if (now - comparedAt > comparisonNs) {
        comparedAt = now;
        const difference = BigInt(Date.now()) * 1_000_000n - (offset + now);
        if (difference > toleranceNs || difference < -toleranceNs) offset += difference;
      }
      return offset + now;
    },
    monotonic: monotonicNow,
    processTime: () => nanosecondsOf(process.cpuUsage()),
    threadTime: () => nanosecondsOf(process.threadCpuUsage()),
  };
}

/** Node tells the time of day in whole milliseconds, except once: that of the process's start, to the microsecond. */
function preciseOffset(): bigint {
  // Loaded when a guest asks for the time of day: it costs an idle process memory.
  const { performance } = process.getBuiltinModule('node:perf_hooks');
  return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6)) - monotonicNow();
}

function nanosecondsOf(usage: { readonly user: number; readonly system: number }): bigint {
  return BigInt(Math.round(usage.user + usage.system)) * 1000n;
}

function monotonicNow(): bigint {
  return process.hrtime.bigint();
}
