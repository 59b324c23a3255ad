import type { GuestOutputSink } from '@wasmlet/wasm-runtime/host';
import type { RequestRecord } from './engine.ts';

/** Lines about requests between those that a guest writes. */
export interface RequestLog {
  write(line: string): void;
}

/** Most characters that wait for their reader; lines beyond them are left out, and counted. */
const mostWaiting = 64 * 1024;

/** A log whose lines never make requests wait. What cannot be written is lost, as a guest's own output is. */
export function createRequestLog(sink: GuestOutputSink): RequestLog {
  let waiting = '';
  let leftOut = 0;
  let isBusy = false;
  const flush = (): void => {
    if (leftOut > 0) waiting += `(${leftOut} lines about requests were left out)\n`;
    const bytes = Buffer.from(waiting);
    waiting = '';
    leftOut = 0;
    try {
      const written = sink.write(bytes);
      if (written === undefined) return;
      isBusy = true;
      written
        .catch(() => {})
        .finally(() => {
          isBusy = false;
          if (waiting !== '') flush();
        });
    } catch {
      // The disk is full, or nobody reads.
    }
  };
  return {
    write(line) {
      if (waiting.length + line.length > mostWaiting) leftOut += 1;
      else waiting += `${line}\n`;
      if (!isBusy) flush();
    },
  };
}

/** `127.0.0.1 "GET /hello" 200 12 0.4ms`, with what kept the request from its end, if anything did. */
export function accessLine(record: RequestRecord): string {
  const { client, method, pathWithQuery, status, bodyBytes, durationMs, ending } = record;
  const how = ending === 'answered' ? '' : ` ${ending}`;
  const target = JSON.stringify(`${method} ${pathWithQuery}`);
  return `${client ?? '-'} ${target} ${status ?? '-'} ${bodyBytes} ${durationMs.toFixed(1)}ms${how}`;
}
