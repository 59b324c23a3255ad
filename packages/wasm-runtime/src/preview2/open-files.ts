import { SystemError } from '../system/system-error.ts';

/** All that a guest holds open of the file system, so that it is bounded, and closed with the guest. */
export class OpenFiles {
  readonly #max: number;
  readonly #closers = new Set<() => void>();

  constructor(max: number) {
    this.#max = max;
  }

  /** Throws EMFILE when there is none: to be asked before something is opened. */
  requireRoom(): void {
    if (this.#closers.size >= this.#max) throw new SystemError('EMFILE');
  }

  /** Returns what closes it, once. */
  hold(close: () => void): () => void {
    const closer = (): void => {
      if (this.#closers.delete(closer)) close();
    };
    this.#closers.add(closer);
    return closer;
  }

  closeAll(): void {
    for (const close of this.#closers) close();
  }
}
