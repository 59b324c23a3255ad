import type { OutputSink as Output } from '../preview1/preview1.ts';
import { isStackOverflow } from '../preview1/host-call.ts';
import { createSignal, type Ready } from '../system/readiness.ts';
import { codeOf, SystemError } from '../system/system-error.ts';
import { maxWriteBytes } from './file-streams.ts';
import type { OutputSink, StreamFailure } from './io-resources.ts';
import { failureOf } from './stream-results.ts';

/** Standard output or standard error: one for all handles that a guest has to it. */
export class StandardOutput implements OutputSink {
  readonly #output: Output;
  readonly #roomBytes: number;
  readonly #changed = createSignal();
  #state: State = open;

  /** @param maxBytes that are held for one write */
  constructor(output: Output, maxBytes: number) {
    this.#output = output;
    this.#roomBytes = Math.max(1, Math.min(maxBytes, maxWriteBytes));
  }

  room(): number {
    if (this.#state.is === 'failed') throw this.#state.failure;
    return this.#state.is === 'open' ? this.#roomBytes : 0;
  }

  write(bytes: Uint8Array): void {
    try {
      // Of their own: an output that makes us wait still has them when the guest goes on.
      const written = this.#output.write(Buffer.from(bytes));
      if (written === undefined) return;
      this.#state = writing;
      void written.then(
        () => this.#become(open),
        (error: unknown) => this.#become(failed(error)),
      );
    } catch (error) {
      if (isStackOverflow(error)) throw error;
      const state = failed(error);
      this.#state = state;
      throw state.failure;
    }
  }

  /** Outputs hold nothing back. */
  flush(): void {
    if (this.#state.is === 'failed') throw this.#state.failure;
  }

  readonly writable: Ready = async (signal) => {
    while (this.#state.is === 'writing') await this.#changed.raised(signal);
  };

  #become(state: State): void {
    this.#state = state;
    this.#changed.raise();
  }
}

type State = { readonly is: 'open' | 'writing' } | Failed;

interface Failed {
  readonly is: 'failed';
  readonly failure: StreamFailure;
}

const open = { is: 'open' } as const;
const writing = { is: 'writing' } as const;

/** An output that fails is the guest's I/O error, whatever it throws. */
function failed(error: unknown): Failed {
  return { is: 'failed', failure: failureOf(codeOf(error) === undefined ? new SystemError('EIO') : error) };
}
