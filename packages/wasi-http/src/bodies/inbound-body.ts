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
  const body = new ReceivedBody(transfer, options);
  return {
    body,
    push: (chunk) => body.push(chunk),
    end: (trailers) => body.settle({ kind: 'complete', trailers }),
    fail: (failure) => body.settle({ kind: 'failed', failure }),
  };
}

class ReceivedBody implements InboundBody {
  readonly #transfer: Transfer;
  readonly #options: InboundOptions;
  readonly #holdBytes: number;
  readonly #arrival = new Arrival();
  #chunks: Uint8Array[] = [];
  #held = 0;
  #total = 0;
  #discarding = false;
  #paused = false;
  #outcome: InboundOutcome | undefined;

  /** Bound, since pollables are made of it. */
  readonly ended: Ready = async (signal) => {
    while (this.#outcome === undefined) await this.#wait(signal);
  };

  constructor(transfer: Transfer, options: InboundOptions) {
    this.#transfer = transfer;
    this.#options = options;
    this.#holdBytes = options.holdBytes ?? 64 * 1024;
  }

  get outcome(): InboundOutcome | undefined {
    return this.#held > 0 && this.#outcome?.kind === 'complete' ? undefined : this.#outcome;
  }

  available(): number | undefined {
    if (this.#held > 0) return this.#held;
    if (this.#outcome === undefined) return undefined;
    if (this.#outcome.kind === 'failed') throw new StreamFailure(asIoError(this.#outcome.failure));
    return 0;
  }

  readNow(into: Uint8Array): number | undefined {
    const count = this.available();
    if (count === undefined || count === 0 || into.length === 0) return count === undefined ? count : 0;
    const taken = moveFrom(this.#chunks, into);
    this.#held -= taken;
    if (this.#held < this.#holdBytes) this.#askForMore();
    return taken;
  }

  async readable(signal: AbortSignal): Promise<void> {
    if (this.#held === 0 && this.#outcome === undefined) await this.#wait(signal);
  }

  discard(): void {
    this.#discarding = true;
    this.#dropHeld();
    this.#askForMore();
  }

  close(): void {
    this.#dropHeld();
    if (this.#outcome === undefined) this.#breakOff(new HttpFailure({ code: 'connection-terminated' }));
  }

  push(chunk: Uint8Array): void {
    const { maxBytes = Number.POSITIVE_INFINITY, tooLarge } = this.#options;
    this.#total += chunk.length;
    if (this.#outcome !== undefined) return;
    if (this.#total > maxBytes) {
      return this.#breakOff(tooLarge?.() ?? new HttpFailure({ code: 'HTTP-protocol-error' }));
    }
    if (this.#discarding || chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    if (this.#held + this.#chunks.length * chunkOverheadBytes >= this.#holdBytes && !this.#paused) {
      this.#paused = true;
      this.#transfer.pause();
    }
    this.#arrival.announce();
  }

  settle(outcome: InboundOutcome): void {
    this.#outcome ??= outcome;
    this.#arrival.announce();
  }

  #breakOff(failure: HttpFailure): void {
    if (this.#outcome !== undefined) return;
    this.settle({ kind: 'failed', failure });
    this.#transfer.abort();
  }

  #dropHeld(): void {
    this.#chunks = [];
    this.#held = 0;
  }

  #askForMore(): void {
    if (!this.#paused || this.#outcome !== undefined) return;
    this.#paused = false;
    this.#transfer.resume();
  }

  async #wait(signal: AbortSignal): Promise<void> {
    this.#askForMore();
    const { idleMs } = this.#options;
    if (idleMs === undefined) return this.#arrival.next(signal);
    const timer = setTimeout(() => {
      this.#breakOff(new HttpFailure({ code: 'connection-read-timeout' }));
    }, idleMs);
    try {
      await this.#arrival.next(signal);
    } finally {
      clearTimeout(timer);
    }
  }
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
