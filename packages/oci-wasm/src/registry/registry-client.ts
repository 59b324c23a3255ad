import type { Target } from '../content/target.ts';
import type { Credential, CredentialSource } from '../credentials/credential.ts';
import type { Reference } from '../reference.ts';

export interface RegistryClientOptions {
  /** Asked when a repository is opened without credentials of its own. @default none: anonymous */
  readonly credentials?: CredentialSource;
  /** Registries (`host[:port]`, exactly as in references) spoken to with unverified TLS or over plain http. */
  readonly insecureRegistries?: readonly string[];
  /** @default 'wasmlet' */
  readonly userAgent?: string;
  readonly timeouts?: Partial<RegistryTimeouts>;
  readonly retry?: Partial<RetryPolicy>;
}

export interface RegistryTimeouts {
  /** Until a connection stands, TLS included. @default 10_000 */
  readonly connectMs: number;
  /** Without a byte from the registry, while one is due. @default 30_000 */
  readonly idleMs: number;
}

export interface RetryPolicy {
  /** Of one request, the first included. @default 3 */
  readonly tries: number;
  /** Before the second try; doubled each time, with jitter. @default 500 */
  readonly baseDelayMs: number;
  /** Nothing is waited for longer, whatever `Retry-After` says. @default 20_000 */
  readonly maxDelayMs: number;
  readonly wait: (ms: number, options: { readonly signal: AbortSignal | undefined }) => Promise<void>;
  /** 0 to 1. @default Math.random */
  readonly random: () => number;
}

/** Speaks to registries (OCI distribution-spec 1.1). Closing it closes its connections. */
export interface RegistryClient extends AsyncDisposable {
  /** A repository as a place to copy from and to. Nothing is sent yet. */
  repository(name: Pick<Reference, 'registry' | 'repository'>, options?: RepositoryOptions): Repository;
}

export interface RepositoryOptions {
  /** Tried in order, then anonymous access. @default what the client's {@link RegistryClientOptions.credentials} finds */
  readonly credentials?: readonly Credential[];
}

export interface Repository extends Target {
  /** What the registry has accepted last; undefined before the first answer. */
  readonly access: Access | undefined;
}

/** As whom a repository was read. */
export type Access =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'credential'; readonly credential: Credential };

export function createRegistryClient(_options: RegistryClientOptions = {}): RegistryClient {
  throw new Error('not implemented');
}
