import type { HealthCheck } from './backend.ts';

export interface HealthzServerOptions {
  /** @default '127.0.0.1' */
  readonly address?: string;
  /** @default 10248 */
  readonly port?: number;
  /** Besides `ping` and `log`, which always succeed. @default none */
  readonly healthChecks?: readonly HealthCheck[];
}

/** Plain-HTTP `/healthz` for the machine itself. */
export interface HealthzServer extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Resolves when it listens. Rejects with `ApiError`. */
export function createHealthzServer(_options: HealthzServerOptions = {}): Promise<HealthzServer> {
  return Promise.reject(new Error('not implemented'));
}
