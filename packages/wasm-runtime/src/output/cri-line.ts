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

/** `2026-01-02T03:04:05.123456789Z`, never going backwards within one source. */
export function createTimestamps(): () => string {
  // Wall-clock nanoseconds at hrtime 0: the wall clock has milliseconds only, hrtime has the rest.
  const origin = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
  let lastSecond = -1n;
  let prefix = '';
  return () => {
    const now = origin + process.hrtime.bigint();
    const second = now / 1_000_000_000n;
    if (second !== lastSecond) {
      lastSecond = second;
      prefix = new Date(Number(second) * 1000).toISOString().slice(0, 19);
    }
    return `${prefix}.${String(now % 1_000_000_000n).padStart(9, '0')}Z`;
  };
}
