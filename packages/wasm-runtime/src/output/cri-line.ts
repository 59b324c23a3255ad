import process from 'node:process';

export type LogStream = 'stdout' | 'stderr';

/** Longest content of one log line; longer ones are split, as containerd does. */
export const maxLineBytes = 16 * 1024;

const newline = 0x0a;

/**
 * A guest's write as CRI log lines: `<RFC3339Nano> stdout|stderr F|P <content>\n`. A line that the write does
 * not finish gets the `P` tag; whoever reads joins it with what follows.
 */
export function formatCriLines(stream: LogStream, chunk: Uint8Array, timestamp: string): Uint8Array {
  const head = `${timestamp} ${stream} `;
  const parts: Uint8Array[] = [];
  const full = Buffer.from(`${head}F `, 'latin1');
  const partial = Buffer.from(`${head}P `, 'latin1');
  let at = 0;
  while (at < chunk.length) {
    const found = chunk.indexOf(newline, at);
    const end = found < 0 ? chunk.length : found;
    const cut = Math.min(end, at + maxLineBytes);
    const finished = found >= 0 && cut === end;
    parts.push(finished ? full : partial, chunk.subarray(at, cut), lineEnd);
    at = finished ? cut + 1 : cut;
  }
  return Buffer.concat(parts);
}

const lineEnd = Buffer.from('\n', 'latin1');

export interface TimestampClock {
  wallMs(): number;
  monotonicNs(): bigint;
}

const systemClock: TimestampClock = {
  wallMs: () => Date.now(),
  monotonicNs: () => process.hrtime.bigint(),
};

/** What the wall clock may be off before it is believed: it has milliseconds only, the other clock the rest. */
const toleranceNs = 50_000_000n;

/** `2026-01-02T03:04:05.123456789Z`. Steps of the wall clock are followed once a second. */
export function createTimestamps(clock: TimestampClock = systemClock): () => string {
  const originNow = (): bigint => BigInt(clock.wallMs()) * 1_000_000n - clock.monotonicNs();
  let origin = originNow();
  let lastSecond = -1n;
  let prefix = '';
  return () => {
    let now = origin + clock.monotonicNs();
    if (now / second !== lastSecond) {
      const drift = originNow() - origin;
      if (drift > toleranceNs || drift < -toleranceNs) {
        origin += drift;
        now += drift;
      }
      lastSecond = now / second;
      prefix = new Date(Number(lastSecond) * 1000).toISOString().slice(0, 19);
    }
    return `${prefix}.${String(now % second).padStart(9, '0')}Z`;
  };
}

const second = 1_000_000_000n;
