/** A body on its way to the guest. Little of it is held; the sender waits for the guest. */
export interface ResponseBody {
  /** The next bytes, 1 to `max` of them; undefined at the end. Rejects when the transfer failed, from then on. */
  take(max: number): Promise<Uint8Array | undefined>;
  /** All of it has been taken. */
  readonly isRead: boolean;
  /** Drops what has not been taken, with the connection if more would come. */
  close(): void;
}

/** The sender's side. */
export interface ResponseBodyWriter {
  readonly body: ResponseBody;
  push(chunk: Uint8Array): void;
  end(): void;
  fail(error: Error): void;
}

/** What a body asks of its transfer. */
export interface Transfer {
  pause(): void;
  resume(): void;
  abort(reason: Error): void;
}

type State =
  | { readonly kind: 'receiving' }
  | { readonly kind: 'complete' }
  | { readonly kind: 'failed'; readonly error: Error };

export function createResponseBody(transfer: () => Transfer | undefined): ResponseBodyWriter {
  const chunks: Uint8Array[] = [];
  let held = 0;
  let state: State = { kind: 'receiving' };
  let wake: (() => void) | undefined;

  const settle = (next: State): void => {
    if (state.kind === 'receiving') state = next;
    wake?.();
  };

  const takeHeld = (max: number): Uint8Array | undefined => {
    const [chunk] = chunks;
    if (chunk === undefined) return undefined;
    if (chunk.length > max) chunks[0] = chunk.subarray(max);
    else chunks.shift();
    const taken = chunk.subarray(0, max);
    held -= taken.length;
    return taken;
  };

  const body: ResponseBody = {
    async take(max) {
      for (;;) {
        if (state.kind === 'failed') throw state.error;
        const taken = takeHeld(max);
        if (taken !== undefined) return taken;
        if (state.kind === 'complete') return undefined;
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        transfer()?.resume();
        await promise;
      }
    },
    get isRead() {
      return state.kind !== 'receiving' && held === 0;
    },
    close() {
      const closed = new Error('the guest has closed the response');
      if (state.kind === 'receiving') transfer()?.abort(closed);
      chunks.length = 0;
      held = 0;
      settle({ kind: 'failed', error: closed });
    },
  };

  return {
    body,
    push(chunk) {
      if (state.kind !== 'receiving') return;
      chunks.push(chunk);
      held += chunk.length;
      if (held + chunks.length * chunkOverheadBytes >= maxHeldBytes) transfer()?.pause();
      wake?.();
    },
    end: () => settle({ kind: 'complete' }),
    fail: (error) => settle({ kind: 'failed', error }),
  };
}

/** Small bodies are held whole, so that their connection is free for the next request. */
const maxHeldBytes = 64 * 1024;
/** A server may send a body byte by byte. */
const chunkOverheadBytes = 256;
