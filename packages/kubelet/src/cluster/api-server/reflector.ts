import type { Clock } from '../../node/clock.ts';
import type { Logger } from '../../node/logger.ts';
import { ClusterError } from '../cluster.ts';
import { createRetryDelay } from './retry-delay.ts';
import type { Transport } from './transport.ts';
import { watchStream } from './watch-stream.ts';

/** What every listed object has; the rest is the caller's to narrow. */
export interface Listed {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion?: string;
  };
}

export type Delta<T> =
  | { readonly type: 'added' | 'modified' | 'deleted'; readonly object: T }
  /** A full list has been delivered. */
  | { readonly type: 'synced' };

export interface ReflectorOptions<T extends Listed> {
  readonly transport: Transport;
  readonly path: string;
  /** Absent: everything at `path`. */
  readonly fieldSelector?: string;
  /** Narrows an object of the list; `undefined` drops it. */
  readonly parse: (json: unknown) => T | undefined;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  /** Watches over a shared HTTP/2 connection. */
  readonly shared: boolean;
}

const pageSize = '500';
/** The server ends a watch after a time between these, spread so that not all are dialled anew at once. */
const watchSeconds = { min: 300, max: 600 };
/** Bookmarks come about once a minute. */
const inactivityMs = 120_000;
/** A watch that ends within this time without an event is a failure, or it would be dialled in a loop. */
const shortestWatchMs = 1_000;
/** Failures after a watch of this length start the back-off anew. */
const healthyWatchMs = 60_000;

/**
 * Everything that a list shows, then its changes, until `signal` aborts. Resumes from the last resource version
 * (bookmarks count), lists again when that is too old, waits only after failures, and reports an object whose
 * uid has changed as one deleted and one added.
 */
export async function* reflect<T extends Listed>(options: ReflectorOptions<T>): AsyncGenerator<Delta<T>> {
  const { signal, clock, logger, random, path } = options;
  const known = new Map<string, T>();
  const delay = createRetryDelay({ random });
  const progress = { version: undefined as string | undefined, events: 0 };
  while (!signal.aborted) {
    const startedAt = clock.now().getTime();
    try {
      if (progress.version === undefined) {
        progress.version = yield* list(options, known);
        yield { type: 'synced' };
      }
      yield* watch(options, known, progress);
      delay.reset();
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ClusterError)) throw error;
      if (clock.now().getTime() - startedAt > healthyWatchMs) delay.reset();
      if (error.code === 'Gone') {
        const hasMoved = progress.events > 0;
        progress.version = undefined;
        progress.events = 0;
        logger.info({ path }, 'resource version is too old, listing again');
        if (hasMoved) continue;
      } else {
        logger.warn({ path, error: error.message }, 'list or watch failed, trying again');
      }
      await clock.sleep(delay.next(error.retryAfterMs), { signal }).catch(() => undefined);
    }
  }
}

async function* list<T extends Listed>(
  { transport, path, fieldSelector, parse, signal }: ReflectorOptions<T>,
  known: Map<string, T>,
): AsyncGenerator<Delta<T>, string> {
  const listed = new Map<string, T>();
  let page: ListPage = { items: [], version: '0' };
  do {
    const query = {
      limit: pageSize,
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      ...(page.next === undefined ? {} : { continue: page.next }),
    };
    page = parseList(await transport.call({ method: 'GET', path, query }, { signal }), path);
    for (const item of page.items) {
      const object = parse(item);
      if (object !== undefined) listed.set(keyOf(object), object);
    }
  } while (page.next !== undefined);

  for (const [key, object] of known) {
    if (listed.get(key)?.metadata.uid !== object.metadata.uid) {
      known.delete(key);
      yield { type: 'deleted', object };
    }
  }
  for (const object of listed.values()) yield* admit(known, object);
  return page.version;
}

async function* watch<T extends Listed>(
  options: ReflectorOptions<T>,
  known: Map<string, T>,
  progress: { version: string | undefined; events: number },
): AsyncGenerator<Delta<T>> {
  const { transport, path, fieldSelector, parse, signal, clock, random, shared } = options;
  const { min, max } = watchSeconds;
  const startedAt = clock.now().getTime();
  const eventsBefore = progress.events;
  const query = {
    allowWatchBookmarks: 'true',
    timeoutSeconds: String(min + Math.floor(random() * (max - min + 1))),
    ...(progress.version === undefined ? {} : { resourceVersion: progress.version }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
  };
  for await (const event of watchStream({ transport, path, query, signal, clock, inactivityMs, shared })) {
    progress.events++;
    progress.version = versionOf(event.object) ?? progress.version;
    if (event.type === 'BOOKMARK') continue;
    const object = parse(event.object);
    if (object === undefined) continue;
    if (event.type === 'DELETED') {
      if (known.delete(keyOf(object))) yield { type: 'deleted', object };
    } else {
      yield* admit(known, object);
    }
  }
  const livedMs = clock.now().getTime() - startedAt;
  if (livedMs < shortestWatchMs && progress.events === eventsBefore) {
    throw new ClusterError('Unavailable', `WATCH ${path}: ended at once`);
  }
}

function* admit<T extends Listed>(known: Map<string, T>, object: T): Generator<Delta<T>> {
  const key = keyOf(object);
  const before = known.get(key);
  known.set(key, object);
  if (before === undefined) {
    yield { type: 'added', object };
  } else if (before.metadata.uid !== object.metadata.uid) {
    yield { type: 'deleted', object: before };
    yield { type: 'added', object };
  } else if (before.metadata.resourceVersion !== object.metadata.resourceVersion) {
    yield { type: 'modified', object };
  }
}

interface ListPage {
  readonly items: readonly unknown[];
  readonly version: string;
  readonly next?: string;
}

function parseList(json: unknown, path: string): ListPage {
  const { metadata, items } = (json ?? {}) as {
    readonly metadata?: { readonly resourceVersion?: unknown; readonly continue?: unknown };
    readonly items?: unknown;
  };
  if (typeof metadata?.resourceVersion !== 'string') {
    throw new ClusterError('Unavailable', `GET ${path}: the answer is not a list`);
  }
  const next = metadata.continue;
  return {
    items: Array.isArray(items) ? items : [],
    version: metadata.resourceVersion,
    ...(typeof next === 'string' && next !== '' ? { next } : {}),
  };
}

function versionOf(object: unknown): string | undefined {
  const version = (object as Listed | null)?.metadata?.resourceVersion;
  return typeof version === 'string' && version !== '' ? version : undefined;
}

function keyOf({ metadata }: Listed): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
