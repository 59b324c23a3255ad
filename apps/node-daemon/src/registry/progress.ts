import type { Progress } from '@wasmlet/oci-wasm';
import type { Terminal } from '../commands/terminal.ts';

/** Disposing it clears its line. */
export interface TransferProgress extends Disposable {
  readonly report: (progress: Progress) => void;
}

const redrawMs = 100;

/** One line on stderr that tells how far a transfer has come; nothing where stderr is no terminal. */
export function openProgress({ stderr }: Pick<Terminal, 'stderr'>, what: string): TransferProgress {
  if (stderr.isTTY !== true) return { report() {}, [Symbol.dispose]() {} };
  let drawnAt = 0;
  return {
    report({ descriptor: { size }, transferredBytes }) {
      const now = performance.now();
      if (now - drawnAt < redrawMs) return;
      drawnAt = now;
      const percent = size === 0 ? 100 : Math.floor((transferredBytes / size) * 100);
      stderr.write(`${clearLine}${what}: ${percent} % of ${size} bytes`);
    },
    [Symbol.dispose]() {
      if (drawnAt > 0) stderr.write(clearLine);
    },
  };
}

const clearLine = '\r\u001b[K';
