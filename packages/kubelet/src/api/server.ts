import type { Authorizer } from '../cluster/cluster.ts';
import type { Clock } from '../node/clock.ts';
import type { Logger } from '../node/logger.ts';
import type { HealthCheck, KubeletBackend } from './backend.ts';

export interface KubeletServerOptions {
  readonly nodeName: string;
  /** @default '0.0.0.0' */
  readonly address?: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly tls: ServerTls;
  readonly authorizer: Authorizer;
  readonly backend: KubeletBackend;
  /** Besides `ping` and `log`, which always succeed. @default none */
  readonly healthChecks?: readonly HealthCheck[];
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** @default silent */
  readonly logger?: Logger;
}

export interface ServerTls {
  /** PEM. */
  readonly key: string;
  /** PEM; the server's certificate first, intermediates after it. */
  readonly cert: string;
  /** PEM bundle of the CAs whose clients are believed. Absent: no client certificate is. */
  readonly clientCa?: string;
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

/** Resolves when it listens. Rejects with `ApiError`. */
export function createKubeletServer(_options: KubeletServerOptions): Promise<KubeletServer> {
  return Promise.reject(new Error('not implemented'));
}
