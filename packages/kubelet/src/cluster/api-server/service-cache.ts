import type { V1Service } from '@kubernetes/client-node';
import type { Clock } from '../../node/clock.ts';
import type { Logger } from '../../node/logger.ts';
import type { AbortOptions } from '../../provider.ts';
import { type Listed, reflect } from './reflector.ts';
import type { Transport } from './transport.ts';

export interface ServiceCacheOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
}

/** All services of the cluster, watched from the first time that somebody asks. */
export interface ServiceCache extends AsyncDisposable {
  /** Waits for the first full list. */
  list(options?: AbortOptions): Promise<readonly V1Service[]>;
}

type KnownService = V1Service & Listed;

export function createServiceCache(options: ServiceCacheOptions): ServiceCache {
  const services = new Map<string, KnownService>();
  const stop = new AbortController();
  const synced = Promise.withResolvers<void>();
  let ended: Promise<void> | undefined;

  async function follow(): Promise<void> {
    const deltas = reflect<KnownService>({
      ...options,
      path: '/api/v1/services',
      parse: parseService,
      signal: stop.signal,
      shared: true,
    });
    for await (const delta of deltas) {
      if (delta.type === 'synced') synced.resolve();
      else if (delta.type === 'deleted') services.delete(delta.object.metadata.uid);
      else services.set(delta.object.metadata.uid, delta.object);
    }
  }

  return {
    async list({ signal } = {}) {
      ended ??= follow();
      await abortable(synced.promise, signal);
      return [...services.values()];
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended;
    },
  };
}

function parseService(json: unknown): KnownService | undefined {
  const { metadata } = (json ?? {}) as V1Service;
  return metadata?.name && metadata.uid ? (json as KnownService) : undefined;
}

/** Leaves the wait, not what is waited for, when `signal` aborts. */
async function abortable(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return promise;
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
