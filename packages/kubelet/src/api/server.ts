import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { Authorizer } from '../cluster/cluster.ts';
import { type Clock, systemClock } from '../node/clock.ts';
import { type Logger, silentLogger } from '../node/logger.ts';
import { answer, type Exchange } from './answer.ts';
import { authenticate } from './authentication.ts';
import { refusalOf } from './authorization.ts';
import type { HealthCheck, KubeletBackend } from './backend.ts';
import { listen } from './listener.ts';
import { defaultLimits, httpOptions, type ListenerLimits } from './listener-limits.ts';
import { nodeAccess } from './node-access.ts';
import { rememberedReviews } from './remembered-reviews.ts';
import { parseTarget } from './request-target.ts';
import type { ReservedPort } from './reserved-port.ts';
import { route } from './routes.ts';
import { secureContextOptions, type ServerTls } from './server-tls.ts';

export type { ServerTls } from './server-tls.ts';

export interface KubeletServerOptions {
  readonly nodeName: string;
  /** @default '0.0.0.0' */
  readonly address?: string;
  /** 0 lets the system choose; one that is reserved brings its address with it. */
  readonly port: number | ReservedPort;
  readonly tls: ServerTls;
  readonly authorizer: Authorizer;
  readonly backend: KubeletBackend;
  /** Besides `ping` and `log`, which always succeed. @default none */
  readonly healthChecks?: readonly HealthCheck[];
  /** What clients may take up. @default as documented at each */
  readonly limits?: Partial<ListenerLimits>;
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** @default silent */
  readonly logger?: Logger;
}

/** The kubelet's HTTPS API. Disposing is {@link KubeletServer.close}. */
export interface KubeletServer extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
  /** Serves new connections with another certificate or client CA. Throws `ApiError` `INVALID_TLS`. */
  setTls(tls: ServerTls): void;
  /** Ends followers, lets other requests finish for a moment, closes all connections. Idempotent. */
  close(): Promise<void>;
}

/**
 * Resolves when it listens. Rejects with `ApiError`.
 *
 * Whoever asks shows a client certificate or a bearer token, and may do to `nodes/<nodeName>/<subresource>` at
 * the API server what is asked here; nothing is answered without.
 */
export async function createKubeletServer(options: KubeletServerOptions): Promise<KubeletServer> {
  const { nodeName, address = '0.0.0.0', port, tls, backend, healthChecks = [] } = options;
  const { clock = systemClock, logger = silentLogger } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const life = new AbortController();
  const authorizer = rememberedReviews({ authorizer: options.authorizer, clock, signal: life.signal });

  const server = createServer({
    ...httpOptions(limits),
    ...secureContextOptions(tls),
    handshakeTimeout: limits.handshakeMs,
    requestCert: true,
    // Who shows no certificate, or a bad one, may have a token.
    rejectUnauthorized: false,
  });
  server.on('tlsClientError', (error, socket) => {
    logger.debug({ remote: socket.remoteAddress, error }, 'a TLS handshake failed');
  });

  const listener = await listen(server, {
    address,
    port,
    portOption: '--port',
    limits,
    clock,
    logger,
    handle,
  });

  async function handle(request: IncomingMessage, exchange: Exchange): Promise<void> {
    const { method = '', url = '' } = request;
    const { response } = exchange;
    const target = parseTarget(url);
    const startedAt = performance.now();
    let username: string | undefined;
    response.once('close', () => {
      const durationMs = Math.round(performance.now() - startedAt);
      logger.debug(
        { method, path: target.path, status: response.statusCode, user: username, durationMs },
        'request',
      );
    });
    const user = await authenticate(request, { authorizer, clock, logger });
    username = user?.username;
    if (user === undefined) {
      answer(response, 401, 'Unauthorized');
      return;
    }
    const access = nodeAccess(method, target.segments);
    const refusal = await refusalOf(user, access, { nodeName, authorizer, logger });
    if (refusal !== undefined) {
      answer(response, refusal.status, refusal.message);
      return;
    }
    await route({ ...exchange, method, target, backend, healthChecks, clock, logger });
  }

  async function close(): Promise<void> {
    await listener.close();
    life.abort();
  }

  return {
    address: listener.address,
    port: listener.port,
    setTls: (next) => server.setSecureContext(secureContextOptions(next)),
    close,
    [Symbol.asyncDispose]: close,
  };
}
