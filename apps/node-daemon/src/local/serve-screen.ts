import type { Writable } from 'node:stream';
import type { HandlerStats, ServerReport } from '@wasmlet/wasi-http';
import type { Terminal } from '../commands/terminal.ts';

/** What `wasmlet serve` shows, on stderr, beside what the guest prints. Disposing it leaves the cursor below. */
export interface ServeScreen extends Disposable {
  report(report: ServerReport): void;
  /** Requests that run are waited for. */
  stopping(): void;
  /** All is answered. */
  stopped(): void;
  say(text: string): void;
  /** Writes what the guest prints; resolves when it is taken. */
  pass(to: Writable, chunk: Uint8Array): Promise<void>;
}

/** A line of live counters on a terminal; elsewhere a line for each change of state. */
export function openServeScreen({ stderr }: Pick<Terminal, 'stderr'>, name: string): ServeScreen {
  const isLive = stderr.isTTY === true;
  let stats: HandlerStats | undefined;
  let rate = 0;
  let toldAt = performance.now();
  let isShown = false;
  /** The guest has not finished its line. */
  let isInLine = false;

  const clear = (): void => {
    if (isShown) stderr.write(clearLine);
    isShown = false;
  };
  const draw = (): void => {
    if (!isLive || isInLine || stats === undefined) return;
    const line = `${describe(stats)}  ${Math.round(rate)} req/s`;
    stderr.write(`${clearLine}${line.slice(0, (stderr.columns || 80) - 1)}`);
    isShown = true;
  };
  const say = (text: string): void => {
    clear();
    stderr.write(`wasmlet: ${text}\n`);
    draw();
  };
  return {
    say,
    report(report) {
      if (report.kind === 'http-serving') {
        const host = report.host.includes(':') ? `[${report.host}]` : report.host;
        say(`serving ${name} on http://${host}:${report.port}/`);
        return;
      }
      const now = performance.now();
      rate = ((report.stats.requests - (stats?.requests ?? 0)) * 1000) / Math.max(1, now - toldAt);
      toldAt = now;
      ({ stats } = report);
      draw();
    },
    stopping: () => say(`stopping, ${stats?.active ?? 0} in flight`),
    stopped() {
      clear();
      stderr.write(`wasmlet: stopped after ${describe(stats)}\n`);
    },
    pass(to, chunk) {
      clear();
      isInLine = chunk.at(-1) !== lineEnd;
      const { promise, resolve } = Promise.withResolvers<void>();
      if (to.writable) to.write(chunk, () => resolve());
      else resolve();
      draw();
      return promise;
    },
    [Symbol.dispose]: clear,
  };
}

const clearLine = '\r\u001b[K';
const lineEnd = '\n'.charCodeAt(0);

/** e.g. `1204 requests  3 in flight  2 errors`. */
function describe(stats: HandlerStats | undefined): string {
  const { requests = 0, active = 0, byClass = {} } = stats ?? {};
  const errors = byClass[5] ?? 0;
  return `${count(requests, 'request')}  ${active} in flight  ${count(errors, 'error')}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
