import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  readvSync,
  writeSync,
  writevSync,
  utimesSync,
} from 'node:fs';
import { type ExactTimes, type FileStat, type NewTimes, secondsOf } from './file-stat.ts';
import { flushDescriptor } from './flush-descriptor.ts';
import { ofDescriptor } from './proc-path.ts';
import { SystemError } from './system-error.ts';

/**
 * An open regular file with an offset of its own: data calls name their position, so the kernel's offset, which
 * descriptors can share, plays no part. Only appending goes by the kernel's `O_APPEND`.
 */
export interface OpenFile {
  /** Below a read-only mount. */
  readonly readOnly: boolean;
  /** Reads at the offset and moves it. Returns the number of bytes, 0 at the end. */
  read(into: Uint8Array, start: number, length: number): number;
  readVectors(into: readonly Uint8Array[]): number;
  /** Reads at a position, without the offset. */
  readAt(position: number, into: Uint8Array, start: number, length: number): number;
  readVectorsAt(position: number, into: readonly Uint8Array[]): number;
  /** Writes at the offset (at the end when appending) and moves it. */
  write(from: Uint8Array, start: number, length: number): number;
  writeVectors(from: readonly Uint8Array[]): number;
  /** Writes at a position, without the offset. When appending Linux writes at the end all the same. */
  writeAt(position: number, from: Uint8Array, start: number, length: number): number;
  writeVectorsAt(position: number, from: readonly Uint8Array[]): number;
  /** Fails with EINVAL before the start of the file and EOVERFLOW beyond 2^53 − 1. */
  seek(by: bigint, from: SeekOrigin): bigint;
  tell(): bigint;
  setAppending(on: boolean): void;
  /** The same file, opened once more to be written at its end. */
  openAppending(): OpenFile;
  stat(): FileStat;
  setTimes(times: NewTimes): void;
  resize(bytes: bigint): void;
  sync(): void;
  syncData(): void;
  /** Idempotent. */
  close(): void;
}

export type SeekOrigin = 'start' | 'current' | 'end';

export interface OpenFileOptions {
  readonly descriptor: number;
  /** `O_RDONLY`, `O_WRONLY` or `O_RDWR`. */
  readonly access: number;
  readonly appending: boolean;
  readonly readOnly: boolean;
  readonly exactTimes: ExactTimes;
}

export function createOpenFile(options: OpenFileOptions): OpenFile {
  return new RegularFile(options);
}

/** The offset after an append: only the kernel knows. */
const unknown = -1;

class RegularFile implements OpenFile {
  readonly readOnly: boolean;
  #descriptor: number;
  #offset = 0;
  #appending: boolean;
  readonly #access: number;
  readonly #exactTimes: ExactTimes;

  constructor(options: OpenFileOptions) {
    this.readOnly = options.readOnly;
    this.#descriptor = options.descriptor;
    this.#access = options.access;
    this.#appending = options.appending;
    this.#exactTimes = options.exactTimes;
  }

  read(into: Uint8Array, start: number, length: number): number {
    const at = this.#position();
    const count = readSync(this.#descriptor, into, start, length, at);
    this.#offset = at + count;
    return count;
  }

  readVectors(into: readonly Uint8Array[]): number {
    const at = this.#position();
    const count = readvSync(this.#descriptor, into, at);
    this.#offset = at + count;
    return count;
  }

  readAt(position: number, into: Uint8Array, start: number, length: number): number {
    return readSync(this.#descriptor, into, start, length, position);
  }

  readVectorsAt(position: number, into: readonly Uint8Array[]): number {
    return readvSync(this.#descriptor, into, position);
  }

  write(from: Uint8Array, start: number, length: number): number {
    if (this.#appending) {
      const count = writeSync(this.#descriptor, from, start, length, null);
      this.#offset = unknown;
      return count;
    }
    const at = this.#position();
    const count = writeSync(this.#descriptor, from, start, length, at);
    this.#offset = at + count;
    return count;
  }

  writeVectors(from: readonly Uint8Array[]): number {
    if (this.#appending) {
      const count = writevSync(this.#descriptor, from);
      this.#offset = unknown;
      return count;
    }
    const at = this.#position();
    const count = writevSync(this.#descriptor, from, at);
    this.#offset = at + count;
    return count;
  }

  writeAt(position: number, from: Uint8Array, start: number, length: number): number {
    return writeSync(this.#descriptor, from, start, length, position);
  }

  writeVectorsAt(position: number, from: readonly Uint8Array[]): number {
    return writevSync(this.#descriptor, from, position);
  }

  seek(by: bigint, from: SeekOrigin): bigint {
    const target = this.#origin(from) + by;
    if (target < 0n) throw new SystemError('EINVAL');
    if (target > BigInt(Number.MAX_SAFE_INTEGER)) throw new SystemError('EOVERFLOW');
    this.#offset = Number(target);
    return target;
  }

  tell(): bigint {
    return BigInt(this.#position());
  }

  /** `fcntl` is out of reach: the same file is opened once more with the other flags. */
  setAppending(on: boolean): void {
    if (on === this.#appending) return;
    const position = this.#position();
    const flags = this.#access | constants.O_NONBLOCK | (on ? constants.O_APPEND : 0);
    const reopened = openSync(ofDescriptor(this.#descriptor), flags);
    const former = this.#descriptor;
    this.#descriptor = reopened;
    this.#appending = on;
    this.#offset = position;
    closeSync(former);
  }

  openAppending(): OpenFile {
    const access = constants.O_WRONLY;
    const descriptor = openSync(
      ofDescriptor(this.#descriptor),
      access | constants.O_NONBLOCK | constants.O_APPEND,
    );
    const { readOnly } = this;
    return createOpenFile({ descriptor, access, appending: true, readOnly, exactTimes: this.#exactTimes });
  }

  stat(): FileStat {
    return this.#exactTimes.statOf(fstatSync(this.#descriptor, { bigint: true }));
  }

  setTimes(times: NewTimes): void {
    if (this.readOnly) throw new SystemError('EROFS');
    const current = this.stat();
    const accessedNs = times.accessedNs ?? current.accessedNs;
    const modifiedNs = times.modifiedNs ?? current.modifiedNs;
    // By the descriptor's path: Node's permission model has no futimes.
    utimesSync(ofDescriptor(this.#descriptor), secondsOf(accessedNs), secondsOf(modifiedNs));
    this.#exactTimes.remember(fstatSync(this.#descriptor, { bigint: true }), accessedNs, modifiedNs);
  }

  resize(bytes: bigint): void {
    if (this.readOnly) throw new SystemError('EROFS');
    ftruncateSync(this.#descriptor, Number(bytes));
  }

  sync(): void {
    flushDescriptor(this.#descriptor, 'all');
  }

  syncData(): void {
    flushDescriptor(this.#descriptor, 'content');
  }

  close(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = -1;
    if (descriptor >= 0) closeSync(descriptor);
  }

  #origin(from: SeekOrigin): bigint {
    switch (from) {
      case 'start':
        return 0n;
      case 'current':
        return this.tell();
      case 'end':
        return fstatSync(this.#descriptor, { bigint: true }).size;
      default:
        return from satisfies never;
    }
  }

  #position(): number {
    if (this.#offset === unknown) {
      const info = readFileSync(`/proc/self/fdinfo/${this.#descriptor}`, 'latin1');
      this.#offset = Number(/^pos:\s*(\d+)/m.exec(info)?.[1] ?? 0);
    }
    return this.#offset;
  }
}
