import { createServer } from 'node:http';
import { systemClock } from '../node/clock.ts';
import { silentLogger } from '../node/logger.ts';
import { answerMethodNotAllowed, answerNotFound } from './answer.ts';
import type { HealthCheck } from './backend.ts';
import { answerHealthz } from './healthz.ts';
import { listen } from './listener.ts';
import { defaultLimits, httpOptions, type ListenerLimits } from './listener-limits.ts';
import { parseTarget } from './request-target.ts';
import type { ReservedPort } from './reserved-port.ts';

export interface HealthzServerOptions {
  /** @default '127.0.0.1' */
  readonly address?: string;
  /** One that is reserved brings its address with it. @default 10248 */
  readonly port?: number | ReservedPort;
  /** Besides `ping` and `log`, which always succeed. @default none */
  readonly healthChecks?: readonly HealthCheck[];
  /** What clients may take up. @default as documented at each */
  readonly limits?: Partial<ListenerLimits>;
}

/** Plain-HTTP `/healthz` for the machine itself. */
export interface HealthzServer extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Resolves when it listens. Rejects with `ApiError`. */
export async function createHealthzServer(options: HealthzServerOptions = {}): Promise<HealthzServer> {
  const { address = '127.0.0.1', port = 10_248, healthChecks = [] } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const clock = systemClock;
  const listener = await listen(createServer(httpOptions(limits)), {
    address,
    port,
    portOption: '--healthz-port',
    limits,
    clock,
    logger: silentLogger,
    async handle({ method = '', url = '' }, exchange) {
      const { segments, query } = parseTarget(url);
      const [root, name, ...more] = segments ?? [];
      if (root !== 'healthz' || more.length > 0) answerNotFound(exchange.response);
      else if (method !== 'GET' && method !== 'HEAD') answerMethodNotAllowed(exchange.response, 'GET, HEAD');
      else await answerHealthz({ ...exchange, name, query, checks: healthChecks, clock });
    },
  });
  return { ...listener, [Symbol.asyncDispose]: () => listener.close() };
}
