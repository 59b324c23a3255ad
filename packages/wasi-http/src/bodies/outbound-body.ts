import { type OutputSink, type Ready, StreamFailure } from '@wasmlet/wasm-runtime/host';
import { HttpFailure } from '../types/error-code.ts';
import type { Fields } from '../types/fields.ts';
import { Arrival } from './arrival.ts';
import { asIoError } from './inbound-body.ts';

/** Where a body goes, once its head is on its way. */
export interface BodyTarget {
  write(bytes: Buffer): void;
  /** Bytes that were written and have not left. */
  readonly pendingBytes: number;
  /** What is to be called each time when all has left. */
  onDrain(drained: () => void): void;
  /** Ends the body well; `last` are its last bytes, and all of them if nothing was written before. */
  finish(last: Buffer | undefined, trailers: Fields | undefined): void;
  /** Breaks it off, so that the peer sees that something is missing. */
  abort(failure: HttpFailure): void;
}

export interface OutboundOptions {
  /** What `content-length` says. */
  readonly length?: number;
  /** Which failure a body of another length is. */
  readonly wrongLength: (bytes: number) => HttpFailure;
  /** Most bytes that wait for the peer. */
  readonly maxPendingBytes: number;
  /**
   * What has been written leaves when it is much, or also when the guest waits. A guest that never waits goes on to the
   * body's end. @default 'waiting'
   */
  readonly sendsWhen?: 'waiting' | 'full';
  /** Longest that the guest waits for the peer to take some. @default for ever */
  readonly idleMs?: number;
}

/** What a guest writes. Short writes leave together, at the latest when the guest waits or ends the body. */
export class OutboundBody implements OutputSink {
  readonly #options: OutboundOptions;
  #target: BodyTarget | undefined;
  #room: Arrival | undefined;
  #writable: Ready | undefined;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #written = 0;
  #scheduled: NodeJS.Immediate | undefined;
  #streamTaken = false;
  #awaitsDrain = false;
  #checksLength = true;
  #trailers: Fields | undefined;
  #state: 'open' | 'finished' | HttpFailure = 'open';

  constructor(options: OutboundOptions) {
    this.#options = options;
  }

  /** Its head says a length, but nobody expects so many bytes: the answer to a HEAD. */
  ignoreLength(): void {
    this.#checksLength = false;
  }

  /** Its stream, once. */
  takeStream(): OutputSink | undefined {
    if (this.#streamTaken) return undefined;
    this.#streamTaken = true;
    return this;
  }

  /** Bound, since pollables are made of it. */
  get writable(): Ready {
    this.#writable ??= async (signal) => {
      if (this.#state === 'open' && this.room() === 0) await this.#waitForRoom(signal);
    };
    return this.#writable;
  }

  room(): number {
    this.#throwIfFailed();
    const pending = this.#heldBytes + (this.#target?.pendingBytes ?? 0);
    return Math.max(0, this.#options.maxPendingBytes - pending);
  }

  write(bytes: Uint8Array): void {
    this.#throwIfFailed();
    const { length, wrongLength } = this.#options;
    this.#written += bytes.length;
    if (this.#checksLength && length !== undefined && this.#written > length) {
      this.fail(wrongLength(this.#written));
      this.#throwIfFailed();
    }
    if (bytes.length === 0) return;
    const copy = Buffer.allocUnsafe(bytes.length); // from Node's pool, where it is small
    copy.set(bytes);
    this.#held.push(copy);
    this.#heldBytes += bytes.length;
    if (this.#target === undefined) return;
    if (this.#heldBytes >= sendBytes) this.#send();
    else this.#scheduleSend();
  }

  flush(): void {
    this.#throwIfFailed();
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get writtenBytes(): number {
    return this.#written;
  }

  /** The head is on its way: what has been written may follow. */
  attach(target: BodyTarget): void {
    this.#target = target;
    if (this.#state === 'finished') return this.#finishTarget();
    if (this.#state !== 'open') return target.abort(this.#state);
    this.#room?.announce();
    if (this.#heldBytes > 0) this.#scheduleSend();
  }

  /** Ends it well. Returns why it could not. */
  finish(trailers?: Fields): HttpFailure | undefined {
    if (this.#state !== 'open') return this.#state === 'finished' ? undefined : this.#state;
    const { length, wrongLength } = this.#options;
    if (this.#checksLength && length !== undefined && length !== this.#written) {
      const failure = wrongLength(this.#written);
      this.fail(failure);
      return failure;
    }
    this.#state = 'finished';
    this.#trailers = trailers;
    this.#finishTarget();
    return undefined;
  }

  /** Breaks it off, unless it has ended. */
  fail(failure: HttpFailure): void {
    if (this.#state !== 'open') return;
    this.#state = failure;
    this.#held = [];
    this.#target?.abort(failure);
    this.#room?.announce();
  }

  #throwIfFailed(): void {
    if (this.#state === 'open') return;
    throw new StreamFailure(this.#state === 'finished' ? undefined : asIoError(this.#state));
  }

  #scheduleSend(): void {
    if (this.#options.sendsWhen === 'full') return;
    // Not earlier: a guest that does not really wait goes on before, and may end the body.
    this.#scheduled ??= setImmediate(() => {
      this.#scheduled = undefined;
      if (this.#state === 'open') this.#send();
    });
  }

  #send(): void {
    const bytes = this.#takeHeld();
    if (bytes !== undefined) this.#target?.write(bytes);
  }

  #finishTarget(): void {
    if (this.#scheduled !== undefined) clearImmediate(this.#scheduled);
    if (this.#target !== undefined) this.#target.finish(this.#takeHeld(), this.#trailers);
  }

  #takeHeld(): Buffer | undefined {
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    return held.length > 1 ? Buffer.concat(held) : held[0];
  }

  async #waitForRoom(signal: AbortSignal): Promise<void> {
    this.#room ??= new Arrival();
    if (!this.#awaitsDrain && this.#target !== undefined) {
      this.#awaitsDrain = true;
      this.#target.onDrain(() => this.#room?.announce());
    }
    const { idleMs } = this.#options;
    if (idleMs === undefined) return this.#room.next(signal);
    const timer = setTimeout(() => this.fail(new HttpFailure({ code: 'connection-write-timeout' })), idleMs);
    try {
      await this.#room.next(signal);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Bytes that leave at once. */
const sendBytes = 64 * 1024;
