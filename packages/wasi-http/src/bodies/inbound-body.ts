import { type InputSource, type Ready, StreamFailure } from '@wasmlet/wasm-runtime/host';
import { HttpFailure } from '../types/error-code.ts';
import type { Fields } from '../types/fields.ts';
import { Arrival } from './arrival.ts';

/** A body that comes from a peer, and its trailers. Little of it is held; the peer waits for the guest. */
export interface InboundBody extends InputSource {
  /** How it ended: its trailers, or why it broke off; undefined while it goes on. */
  readonly outcome: InboundOutcome | undefined;
  /** Resolves when there is an outcome. */
  readonly ended: Ready;
  /** Takes what comes and drops it, as far as the trailers. */
  discard(): void;
  /** Nobody wants the rest. */
  close(): void;
}

export type InboundOutcome =
  | { readonly kind: 'complete'; readonly trailers: Fields | undefined }
  | { readonly kind: 'failed'; readonly failure: HttpFailure };

/** The peer's side. */
export interface InboundWriter {
  readonly body: InboundBody;
  push(chunk: Uint8Array): void;
  end(trailers?: Fields): void;
  fail(failure: HttpFailure): void;
}

/** What a body asks of the connection that it comes from. */
export interface Transfer {
  pause(): void;
  resume(): void;
  /** Nobody takes the rest. */
  abort(): void;
}

export interface InboundOptions {
  /** Most bytes of all of it; beyond, the body fails. */
  readonly maxBytes?: number;
  /** What it then fails with. */
  readonly tooLarge?: () => HttpFailure;
  /** Longest that the guest waits for the peer. @default for ever */
  readonly idleMs?: number;
  /** Bytes that are held before the peer has to wait. @default 64 KiB */
  readonly holdBytes?: number;
}

export function createInboundBody(transfer: Transfer, options: InboundOptions = {}): InboundWriter {
  const { maxBytes = Number.POSITIVE_INFINITY, idleMs, holdBytes = 64 * 1024 } = options;
  const arrival = new Arrival();
  let chunks: Uint8Array[] = [];
  let held = 0;
  let total = 0;
  let discarding = false;
  let paused = false;
  let outcome: InboundOutcome | undefined;

  const settle = (next: InboundOutcome): void => {
    outcome ??= next;
    arrival.announce();
  };
  const fail = (failure: HttpFailure): void => settle({ kind: 'failed', failure });

  const askForMore = (): void => {
    if (!paused || outcome !== undefined) return;
    paused = false;
    transfer.resume();
  };

  const wait: Ready = async (signal) => {
    askForMore();
    if (idleMs === undefined) return arrival.next(signal);
    const timer = setTimeout(() => {
      fail(new HttpFailure({ code: 'connection-read-timeout' }));
      transfer.abort();
    }, idleMs);
    try {
      await arrival.next(signal);
    } finally {
      clearTimeout(timer);
    }
  };

  const available = (): number | undefined => {
    if (held > 0) return held;
    if (outcome === undefined) return undefined;
    if (outcome.kind === 'failed') throw new StreamFailure(asIoError(outcome.failure));
    return 0;
  };

  const body: InboundBody = {
    available,
    readNow(into) {
      const count = available();
      if (count === undefined || count === 0 || into.length === 0) return count === undefined ? count : 0;
      const taken = moveFrom(chunks, into);
      held -= taken;
      if (held < holdBytes) askForMore();
      return taken;
    },
    async readable(signal) {
      if (held === 0 && outcome === undefined) await wait(signal);
    },
    get outcome() {
      return held > 0 && outcome?.kind === 'complete' ? undefined : outcome;
    },
    async ended(signal) {
      while (outcome === undefined) await wait(signal);
    },
    discard() {
      discarding = true;
      chunks = [];
      held = 0;
      askForMore();
    },
    close() {
      chunks = [];
      held = 0;
      if (outcome !== undefined) return;
      fail(new HttpFailure({ code: 'connection-terminated' }));
      transfer.abort();
    },
  };

  return {
    body,
    push(chunk) {
      total += chunk.length;
      if (outcome !== undefined) return;
      if (total > maxBytes) {
        fail(options.tooLarge?.() ?? new HttpFailure({ code: 'HTTP-protocol-error' }));
        transfer.abort();
        return;
      }
      if (discarding || chunk.length === 0) return;
      chunks.push(chunk);
      held += chunk.length;
      if (held + chunks.length * chunkOverheadBytes >= holdBytes && !paused) {
        paused = true;
        transfer.pause();
      }
      arrival.announce();
    },
    end: (trailers) => settle({ kind: 'complete', trailers }),
    fail,
  };
}

/** Moves bytes from the front of `chunks`. */
function moveFrom(chunks: Uint8Array[], into: Uint8Array): number {
  let at = 0;
  while (at < into.length) {
    const [chunk] = chunks;
    if (chunk === undefined) break;
    const part = chunk.subarray(0, into.length - at);
    into.set(part, at);
    at += part.length;
    if (part.length === chunk.length) chunks.shift();
    else chunks[0] = chunk.subarray(part.length);
  }
  return at;
}

/** A failure as the `error` that a stream ends with. */
export function asIoError(failure: HttpFailure): { readonly message: string; readonly cause: HttpFailure } {
  return { message: failure.message, cause: failure };
}

/** A peer may send a body byte by byte. */
const chunkOverheadBytes = 256;
