import type { Clock } from '../../node/clock.ts';
import { ClusterError } from '../cluster.ts';
import { watchError } from './response-error.ts';
import type { Transport } from './transport.ts';

/** One line of a watch. */
export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: unknown }
  | { readonly type: 'BOOKMARK'; readonly object: unknown };

export interface WatchStreamOptions {
  readonly transport: Transport;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Bookmarks come about once a minute; a stream that is silent for longer than this is dead. */
  readonly inactivityMs: number;
  /** One stream of a shared connection. */
  readonly shared: boolean;
}

/** An etcd object has at most 1.5 MiB. */
const maxLineBytes = 8 * 1024 * 1024;

/**
 * One watch request. Ends when the server ends it; rejects with {@link ClusterError} `Gone` when its resource
 * version is too old, and with others when it breaks off or falls silent.
 */
export async function* watchStream(options: WatchStreamOptions): AsyncGenerator<WatchEvent> {
  const { transport, path, query, signal, clock, inactivityMs, shared } = options;
  const operation = `WATCH ${path}`;
  const stream = new AbortController();
  const onAbort = (): void => stream.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  const watchdog = startWatchdog(clock, inactivityMs, () => {
    stream.abort(new ClusterError('Unavailable', `${operation}: silent for ${inactivityMs} ms`));
  });
  try {
    const request = { method: 'GET', path, query: { ...query, watch: 'true' } } as const;
    const body = await transport.open(request, { signal: stream.signal, shared });
    for await (const line of readLines(body, operation, () => watchdog.touch())) {
      yield parseEvent(line, operation);
    }
  } catch (error) {
    signal.throwIfAborted();
    if (stream.signal.aborted) throw stream.signal.reason;
    if (error instanceof ClusterError) throw error;
    throw new ClusterError('Unavailable', `${operation}: broken off: ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    watchdog.stop();
    signal.removeEventListener('abort', onAbort);
    stream.abort();
  }
}

interface Watchdog {
  touch(): void;
  stop(): void;
}

function startWatchdog(clock: Clock, limitMs: number, onSilence: () => void): Watchdog {
  const stopped = new AbortController();
  let last = clock.now().getTime();
  const watch = async (): Promise<void> => {
    for (;;) {
      const restMs = last + limitMs - clock.now().getTime();
      if (restMs <= 0) break;
      await clock.sleep(restMs, { signal: stopped.signal });
    }
    onSilence();
  };
  watch().catch(() => {
    // stopped
  });
  return {
    touch() {
      last = clock.now().getTime();
    },
    stop: () => stopped.abort(),
  };
}

async function* readLines(
  body: AsyncIterable<Uint8Array>,
  operation: string,
  onData: () => void,
): AsyncGenerator<string> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const chunk of body) {
    onData();
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      pending.push(chunk.subarray(start, end));
      const line = Buffer.concat(pending).toString('utf8');
      pending = [];
      pendingBytes = 0;
      start = end + 1;
      if (line !== '') yield line;
    }
    if (start < chunk.length) {
      pending.push(chunk.subarray(start));
      pendingBytes += chunk.length - start;
      if (pendingBytes > maxLineBytes) {
        throw new ClusterError('Unavailable', `${operation}: an event of more than ${maxLineBytes} bytes`);
      }
    }
  }
}

const newline = 0x0a;

function parseEvent(line: string, operation: string): WatchEvent {
  let event: { readonly type?: unknown; readonly object?: unknown };
  try {
    event = JSON.parse(line) as typeof event;
  } catch (cause) {
    throw new ClusterError('Unavailable', `${operation}: an event is not JSON`, { cause });
  }
  switch (event.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
    case 'BOOKMARK':
      return { type: event.type, object: event.object };
    case 'ERROR':
      throw watchError(operation, event.object);
    default:
      throw new ClusterError('Unavailable', `${operation}: unknown event type`);
  }
}
