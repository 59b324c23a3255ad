import type { Progress } from '@wasmlet/oci-wasm';
import type { Terminal } from '../commands/terminal.ts';

type Report = (progress: Progress) => void;

/**
 * Shows on stderr how far a transfer has come, of all that has begun so far: one line with a bar, gone when the transfer
 * has ended; nothing where stderr is no terminal.
 */
export async function showProgress<T>(
  terminal: Pick<Terminal, 'stderr'>,
  what: string,
  transfer: (report: Report) => Promise<T>,
): Promise<T> {
  using bar = openBar(terminal, what);
  return await transfer(bar.report);
}

const redrawMs = 100;

function openBar(
  { stderr }: Pick<Terminal, 'stderr'>,
  what: string,
): Disposable & { readonly report: Report } {
  if (stderr.isTTY !== true) return { report() {}, [Symbol.dispose]() {} };
  const begun = new Map<string, Progress>();
  const startedAt = performance.now();
  let drawnAt = Number.NEGATIVE_INFINITY;
  return {
    report(progress) {
      begun.set(progress.descriptor.digest, progress);
      const now = performance.now();
      if (now - drawnAt < redrawMs) return;
      drawnAt = now;
      const done = sum(begun, ({ transferredBytes }) => transferredBytes);
      const total = sum(begun, ({ descriptor }) => descriptor.size);
      const resumed = sum(begun, ({ resumedBytes = 0 }) => resumedBytes);
      const facts = describeProgress(done, total, ((done - resumed) * 1000) / Math.max(1, now - startedAt));
      stderr.write(`${clearLine}${shortened(what, (stderr.columns || 80) - facts.length - 1)}${facts}`);
    },
    [Symbol.dispose]() {
      if (begun.size > 0) stderr.write(clearLine);
    },
  };
}

const clearLine = '\r\u001b[K';

function sum(begun: ReadonlyMap<string, Progress>, of: (progress: Progress) => number): number {
  let total = 0;
  for (const progress of begun.values()) total += of(progress);
  return total;
}

const barWidth = 20;

/** e.g. ` [##########..........]  50 %  25.0 of 50.0 MB  112.3 MB/s`. */
function describeProgress(done: number, total: number, perSecond: number): string {
  const share = total === 0 ? 1 : done / total;
  const filled = '#'.repeat(Math.floor(share * barWidth)).padEnd(barWidth, '.');
  const percent = String(Math.floor(share * 100)).padStart(3);
  return ` [${filled}] ${percent} %  ${megabytes(done)} of ${megabytes(total)} MB  ${megabytes(perSecond)} MB/s`;
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

/** The end of a name says most; a line that does not fit could not be cleared. */
function shortened(text: string, width: number): string {
  if (text.length <= width) return text;
  return width < 2 ? '' : `…${text.slice(1 - width)}`;
}
