import type { ResourceType } from '../component/host-interface.ts';
import type { Ready } from '../system/readiness.ts';

/**
 * The resources of `wasi:io` and what stands behind them. `wasi:io`'s functions serve whatever implements these ports;
 * other hosts (files, standard streams, bodies of HTTP) make them and give them to guests under these types.
 */

/** Behind an `input-stream`. An `Input` of the guest's is one. What its functions throw is a {@link StreamFailure}, or a bug. */
export interface InputSource {
  /** Bytes that are there now, at most; 0 at the end; `undefined` when one has to wait. */
  available(): number | undefined;
  /** Moves up to `into.length` bytes that are there now: their number, 0 at the end, `undefined` when one has to wait. */
  readNow(into: Uint8Array): number | undefined;
  /** Resolves when `available` says something else than `undefined`, or throws. */
  readonly readable: Ready;
  /** The guest has dropped the stream. */
  close?(): void;
}

/** Behind an `output-stream`. What its functions throw is a {@link StreamFailure}, or a bug. */
export interface OutputSink {
  /** Bytes that may be written now; 0 when one has to wait, for room or for a flush. */
  room(): number;
  /** Takes all of `bytes`, at most {@link room}; they are the guest's memory, so what is kept is copied. */
  write(bytes: Uint8Array): void;
  /** Begins to flush; done when there is `room` again. */
  flush(): void;
  /** Resolves when `room` says more than 0, or throws. */
  readonly writable: Ready;
  /** The guest has dropped the stream. */
  close?(): void;
}

/** Behind a `pollable`. */
export interface Pollable {
  /** Whether there is nothing to wait for now. */
  isReady(): boolean;
  readonly ready: Ready;
}

/** Why a stream cannot go on, as its `stream-error` says. */
export class StreamFailure extends Error {
  /** `closed`: made once, since each stream ends so, and an error of its own takes longer than a read. */
  static readonly closed = new StreamFailure();
  override readonly name = 'StreamFailure';
  /** Absent: `closed`; else `last-operation-failed` with it. */
  readonly error?: IoError;
  constructor(error?: IoError) {
    super(error?.message ?? 'the stream is closed', error === undefined ? undefined : { cause: error.cause });
    if (error !== undefined) this.error = error;
  }
}

/** Behind an `error` of `wasi:io`. */
export interface IoError {
  /** What `to-debug-string` says. */
  readonly message: string;
  /** What made it, for interfaces that know more of it: `filesystem-error-code`, `http-error-code`. */
  readonly cause: unknown;
}

/** Type of an `input-stream`. */
export const inputStream: ResourceType<InputSource> = {
  name: 'input-stream',
  drop: (source) => source.close?.(),
};
/** Type of an `output-stream`. */
export const outputStream: ResourceType<OutputSink> = {
  name: 'output-stream',
  drop: (sink) => sink.close?.(),
};
/** Type of a `pollable`. */
export const pollable: ResourceType<Pollable> = { name: 'pollable' };
/** Type of an `error`. */
export const ioError: ResourceType<IoError> = { name: 'error' };
