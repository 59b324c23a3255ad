/** What an answer carries. Read at most once; leaving the iteration ends the exchange, and with it the connection. */
export interface AnswerBody extends AsyncIterable<Uint8Array> {
  /** Ends the exchange, unless all has come. Whoever reads on is told the reason. */
  destroy(reason?: Error): void;
  /** Reads up to so many bytes, so that the connection can be used again; ends the exchange where there are more. */
  discard(maxBytes: number): Promise<void>;
}

/** The end of a body that the connection fills. */
export interface BodySink {
  readonly body: AnswerBody;
  /** False when it has enough for now: it says so by `resume` when it takes more. */
  push(chunk: Uint8Array): boolean;
  /** All has come. */
  end(): void;
  /** No more will come; what has come is still read. */
  fail(error: unknown): void;
}

export interface BodySource {
  /** As the answer's header says; 0 where nothing follows, or nothing is said. */
  readonly announcedBytes: number;
  /** Lets the connection go on. */
  readonly resume: () => void;
  /** Nobody wants the rest. */
  readonly abort: (reason: Error) => void;
}

/** As much as is taken from a connection before anybody has asked for it. */
const maxQueuedBytes = 64 * 1024;

type State =
  | { readonly kind: 'open' }
  | { readonly kind: 'ended' }
  | { readonly kind: 'failed'; readonly error: unknown };

/**
 * The chunks as they were read from the connection, without a stream or a generator between: each of those leaves some
 * kilobytes in the old part of the heap, where thousands of them lie until it is collected.
 */
export function createAnswerBody({ announcedBytes, resume, abort }: BodySource): BodySink {
  const queue: Uint8Array[] = [];
  let queuedBytes = 0;
  let state: State = { kind: 'open' };
  let wake: (() => void) | undefined;

  const settle = (how: State): void => {
    if (state.kind === 'open') state = how;
    wake?.();
    wake = undefined;
  };
  const destroy = (reason = new Error('the rest of the answer is not wanted')): void => {
    queue.length = 0;
    if (state.kind !== 'open') return;
    settle({ kind: 'failed', error: reason });
    abort(reason);
  };

  const chunks: AsyncIterableIterator<Uint8Array, undefined> = {
    async next() {
      for (;;) {
        const chunk = queue.shift();
        if (chunk !== undefined) {
          queuedBytes -= chunk.length;
          // Before its memory may be given back: a parser that waits looks at the rest of it once more.
          if (state.kind === 'open' && queuedBytes < maxQueuedBytes) resume();
          return { done: false, value: chunk };
        }
        if (state.kind === 'failed') throw state.error;
        if (state.kind === 'ended') return { done: true, value: undefined };
        const more = Promise.withResolvers<void>();
        wake = more.resolve;
        await more.promise;
      }
    },
    async return() {
      destroy();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => chunks,
  };

  return {
    body: {
      destroy,
      async discard(maxBytes) {
        if (announcedBytes > maxBytes) {
          destroy();
          return;
        }
        let length = 0;
        for await (const chunk of chunks) {
          length += chunk.length;
          if (length > maxBytes) return;
        }
      },
      [Symbol.asyncIterator]: () => chunks,
    },
    push(chunk) {
      if (state.kind !== 'open') return true;
      queue.push(chunk);
      queuedBytes += chunk.length;
      wake?.();
      wake = undefined;
      return queuedBytes < maxQueuedBytes;
    },
    end: () => settle({ kind: 'ended' }),
    fail: (error) => settle({ kind: 'failed', error }),
  };
}
