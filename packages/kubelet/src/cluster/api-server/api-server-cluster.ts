import { type Clock, systemClock } from '../../node/clock.ts';
import { type Logger, silentLogger } from '../../node/logger.ts';
import type { AbortOptions } from '../../provider.ts';
import type { Cluster } from '../cluster.ts';
import type { AccessSource } from './access.ts';
import { apiAuthorizer, apiTokens } from './api-identity.ts';
import { apiNodes } from './api-nodes.ts';
import { createApiObjects } from './api-objects.ts';
import { apiPodFeed, apiStatusWriter } from './api-pods.ts';
import { createEventRecorder } from './event-recorder.ts';
import { createTransport } from './transport.ts';

export interface ApiServerClusterOptions {
  readonly nodeName: string;
  /** Where the API server is and the node's credentials: `openKubeconfig(path)`. */
  readonly access: AccessSource;
  readonly userAgent?: string;
  /** Longest time that a call may take, in milliseconds. @default 10_000 */
  readonly timeoutMs?: number;
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** @default silent */
  readonly logger?: Logger;
  /** 0 (inclusive) to 1 (exclusive): jitter. @default Math.random */
  readonly random?: () => number;
}

/** A cluster behind an API server, seen with a node's rights. Disposing it closes every connection. */
export interface ApiServerCluster extends Cluster, AsyncDisposable {
  /** Uses new credentials from now on, without dropping what is under way. */
  renewCredentials(options?: AbortOptions): Promise<void>;
}

export function createApiServerCluster(options: ApiServerClusterOptions): ApiServerCluster {
  const { nodeName, clock = systemClock, logger = silentLogger, random = Math.random } = options;
  const transport = createTransport(options);
  const parts = { transport, nodeName, clock, logger, random };
  const objects = createApiObjects(parts);
  const events = createEventRecorder(parts);

  return {
    pods: apiPodFeed(parts),
    status: apiStatusWriter(parts),
    objects,
    tokens: apiTokens(transport),
    events,
    authorizer: apiAuthorizer(transport),
    nodes: apiNodes(transport),
    renewCredentials: (abort) => transport.renew(abort),
    async [Symbol.asyncDispose]() {
      await Promise.all([events[Symbol.asyncDispose](), objects[Symbol.asyncDispose]()]);
      await transport[Symbol.asyncDispose]();
    },
  };
}
