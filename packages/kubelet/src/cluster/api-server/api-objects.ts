import type { V1ConfigMap, V1Secret, V1Service } from '@kubernetes/client-node';
import type { Clock } from '../../node/clock.ts';
import type { Logger } from '../../node/logger.ts';
import type { AbortOptions } from '../../provider.ts';
import { ClusterError, type ObjectReader, type WatchedKind } from '../cluster.ts';
import { createObjectWatches, resourceNames } from './object-watches.ts';
import { createRetryDelay } from './retry-delay.ts';
import { createServiceCache } from './service-cache.ts';
import { apiPath, type Transport } from './transport.ts';

export interface ApiObjectsOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
}

export interface ApiObjects extends ObjectReader, AsyncDisposable {}

/** The authorizer learns of a pod's references a moment after the pod is bound; until then it says 403. */
const authorizerLag = { attempts: 6, initialMs: 100, maxMs: 1_000 };

export function createApiObjects(options: ApiObjectsOptions): ApiObjects {
  const { transport, clock, random } = options;
  const watches = createObjectWatches(options);
  const services = createServiceCache(options);

  async function read(
    kind: WatchedKind,
    namespace: string,
    name: string,
    { signal }: AbortOptions = {},
  ): Promise<unknown> {
    const delay = createRetryDelay({ ...authorizerLag, random });
    const abort = signal === undefined ? {} : { signal };
    for (let attempt = 1; ; attempt++) {
      try {
        const path = apiPath('api/v1/namespaces', namespace, resourceNames[kind], name);
        return await transport.call({ method: 'GET', path }, abort);
      } catch (error) {
        const isEarly = error instanceof ClusterError && error.code === 'Forbidden';
        if (!isEarly || attempt === authorizerLag.attempts) throw error;
        await clock.sleep(delay.next(), abort);
      }
    }
  }

  return {
    configMap: async (namespace, name, abort) =>
      (await read('configMap', namespace, name, abort)) as V1ConfigMap,
    secret: async (namespace, name, abort) => (await read('secret', namespace, name, abort)) as V1Secret,
    watch: (kind, namespace, name, onChange) => watches.watch(kind, namespace, name, onChange),
    services: (abort): Promise<readonly V1Service[]> => services.list(abort),
    async [Symbol.asyncDispose]() {
      await Promise.all([watches[Symbol.asyncDispose](), services[Symbol.asyncDispose]()]);
    },
  };
}
