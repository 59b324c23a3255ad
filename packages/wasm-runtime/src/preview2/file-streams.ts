import type { OpenFile } from '../system/open-file.ts';
import type { InputSource, OutputSink } from './io-resources.ts';
import { failureOf } from './stream-results.ts';

/** The most that is written to a file, or an output, at once. */
export const maxWriteBytes = 1024 * 1024;

const always = (): Promise<void> => Promise.resolve();

/** A file as an `input-stream`, from a position on. */
export class FileSource implements InputSource {
  readonly #file: OpenFile;
  readonly #close: (() => void) | undefined;
  #position: number;

  constructor(file: OpenFile, position: number, close?: () => void) {
    this.#file = file;
    this.#position = position;
    this.#close = close;
  }

  available(): number {
    try {
      return Math.max(Number(this.#file.stat().size) - this.#position, 0);
    } catch (error) {
      throw failureOf(error);
    }
  }

  readNow(into: Uint8Array): number {
    try {
      const moved = this.#file.readAt(this.#position, into, 0, into.length);
      this.#position += moved;
      return moved;
    } catch (error) {
      throw failureOf(error);
    }
  }

  readonly readable = always;

  close(): void {
    this.#close?.();
  }
}

/** A file as an `output-stream`: from a position on, or at its end. */
export class FileSink implements OutputSink {
  readonly #file: OpenFile;
  readonly #close: () => void;
  #position: number | 'end';

  constructor(file: OpenFile, position: number | 'end', close: () => void) {
    this.#file = file;
    this.#position = position;
    this.#close = close;
  }

  room(): number {
    return maxWriteBytes;
  }

  write(bytes: Uint8Array): void {
    try {
      for (let done = 0; done < bytes.length; ) done += this.#writeSome(bytes, done);
    } catch (error) {
      throw failureOf(error);
    }
  }

  /** Nothing is held back. */
  flush(): void {}

  readonly writable = always;

  close(): void {
    this.#close();
  }

  #writeSome(bytes: Uint8Array, from: number): number {
    const length = bytes.length - from;
    if (this.#position === 'end') return this.#file.write(bytes, from, length);
    const moved = this.#file.writeAt(this.#position, bytes, from, length);
    this.#position += moved;
    return moved;
  }
}
