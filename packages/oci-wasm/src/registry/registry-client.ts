import type { LookupFunction } from 'node:net';
import type { AbortOptions } from '../content/target.ts';
import type { Credential, CredentialSource } from '../credentials/credential.ts';
import { createConnections } from '../hosts/connections.ts';
import { createMirrorHealth } from '../hosts/mirror-health.ts';
import { openMirrored } from '../hosts/mirrored-repository.ts';
import { createProxyChoice, type ProxyOptions } from '../hosts/proxy.ts';
import type { RegistryHosts } from '../hosts/registry-host.ts';
import type { RegistryTls } from '../hosts/tls-settings.ts';
import type { Reference } from '../reference.ts';
import { createAuthorizedSender } from './access/authorized-sender.ts';
import { createEndpoints, type Endpoint, urlAt } from './endpoints.ts';
import { createHttp } from './http/http.ts';
import type { RegistryNotice } from './http/notices.ts';
import { openRepository, type Repository, type RepositoryOptions } from './repository.ts';
import { responseError } from './response-error.ts';
import { defaultRetryPolicy, type RetryPolicy } from './http/retry-policy.ts';
import { createServerAddresses } from './http/server-addresses.ts';
import { defaultTimeouts, type RegistryTimeouts } from './http/timeouts.ts';
import { createTokenSource } from './access/token-source.ts';
import { createUploads, type UploadPolicy } from './upload/upload-policy.ts';
import { createUrlGuard } from './http/url-guard.ts';

/** Options of {@link createRegistryClient}. */
export interface RegistryClientOptions {
  /** Asked when a repository is opened without credentials of its own. @default none: anonymous */
  readonly credentials?: CredentialSource;
  /**
   * Whether what is only read is asked for as nobody before credentials are shown (to registries that give tokens, and
   * once per repository where that is not enough), or as nobody only when no credential was taken. With `last` a registry
   * gives what it keeps for those who have logged in, such as a higher rate limit, and its log says who has read; with
   * `first` credentials go nowhere where they are not needed. @default 'first'
   */
  readonly anonymous?: 'first' | 'last';
  /** Registries (`host[:port]`, exactly as in references) spoken to with unverified TLS or over plain http. @default none */
  readonly insecureRegistries?: readonly string[];
  /**
   * Private addresses to which registries elsewhere may send their clients (token servers, redirects, upload
   * locations): ranges (`10.0.0.0/8`), addresses or host names, as the `grants` of `@wasmlet/egress`. @default none
   */
  readonly grants?: readonly string[];
  /**
   * Where the content of registries is, and how they are spoken to: `await registryHosts({ directory })`.
   *
   * @default where their names say
   */
  readonly hosts?: RegistryHosts;
  /** Certificates by registry (`host[:port]`, as in references), for those that `hosts` does not know. @default none */
  readonly tls?: Readonly<Record<string, RegistryTls>>;
  /** Proxies on the way to registries, whose names are then resolved, and not checked, by the proxy. @default none */
  readonly proxy?: ProxyOptions;
  /** Resolves names; its answers are checked. @default the system's resolver */
  readonly lookup?: LookupFunction;
  /** @default 'wasmlet' */
  readonly userAgent?: string;
  /** @default as {@link RegistryTimeouts} says */
  readonly timeouts?: Partial<RegistryTimeouts>;
  /** @default as {@link RetryPolicy} says */
  readonly retry?: Partial<RetryPolicy>;
  /** @default as {@link UploadPolicy} says */
  readonly uploads?: Partial<UploadPolicy>;
  /** Told what registries warn of, and of pauses. @default nobody */
  readonly onNotice?: (notice: RegistryNotice) => void;
}

/** Speaks to registries (OCI distribution-spec 1.1). Closing it closes its connections. */
export interface RegistryClient extends AsyncDisposable {
  /** A repository as a place to copy from and to. Nothing is sent yet. */
  repository(name: Pick<Reference, 'registry' | 'repository'>, options?: RepositoryOptions): Repository;
  /**
   * Shows a credential to a registry. `verified` is false when the registry asks for none. Rejects with
   * {@link OciError} `UNAUTHORIZED`, `DENIED`, `INVALID_CONFIG` where `hosts` lets others answer in its place, and as all
   * requests do.
   */
  checkCredential(
    registry: string,
    credential: Credential,
    options?: AbortOptions,
  ): Promise<{ readonly verified: boolean }>;
}

/**
 * Makes a client, for as many registries and as long as the application likes: what it keeps (connections, tokens, what
 * registries want) is bounded. Nothing is contacted yet.
 *
 * Throws {@link OciError} `INVALID_CONFIG` for certificates or a proxy that cannot be used, and `EgressError`
 * `INVALID_GRANT` for a grant that cannot be understood.
 */
export function createRegistryClient(options: RegistryClientOptions = {}): RegistryClient {
  const timeouts = { ...defaultTimeouts, ...options.timeouts };
  const retry = { ...defaultRetryPolicy, ...options.retry };
  const addresses = createServerAddresses({
    grants: options.grants ?? [],
    ...(options.lookup === undefined ? {} : { lookup: options.lookup }),
  });
  const guard = createUrlGuard({ insecureRegistries: options.insecureRegistries ?? [], addresses });
  const http = createHttp({
    timeouts,
    retry,
    userAgent: options.userAgent ?? 'wasmlet',
    guard,
    connections: createConnections({
      timeouts,
      guard,
      addresses,
      chooseProxy: createProxyChoice(options.proxy),
    }),
    onNotice: options.onNotice,
  });
  const endpoints = createEndpoints({ http, guard, hosts: options.hosts, tls: options.tls ?? {} });
  const health = createMirrorHealth();
  const parts = {
    http,
    tokens: createTokenSource({ http, guard, tokenMs: timeouts.tokenMs }),
    endpoints,
    challenges: new Map(),
    sufficient: new Map(),
    anonymous: options.anonymous ?? ('first' as const),
    guard,
    retry,
    totalMs: timeouts.totalMs,
    uploads: createUploads(options.uploads),
  };

  return {
    repository(name, { credentials, readOnly = false } = {}) {
      // What is given for a registry is not for its mirrors.
      const findCredentials = async (endpoint: Endpoint, signal: AbortSignal | undefined) =>
        credentials !== undefined && endpoint.mirrorOf === undefined
          ? credentials
          : ((await options.credentials?.find(
              { registry: endpoint.registry, repository: name.repository },
              signal === undefined ? {} : { signal },
            )) ?? []);
      if (!readOnly || options.hosts === undefined) {
        return openRepository(parts, name, readOnly, findCredentials);
      }
      const openAt = (find: (signal: AbortSignal | undefined) => Promise<Endpoint>): Repository =>
        openRepository(
          { ...parts, endpoints: { find: (_, signal) => find(signal) } },
          name,
          readOnly,
          findCredentials,
        );
      return openMirrored({ registry: name.registry, endpoints, health, openAt });
    },
    async checkCredential(registry, credential, { signal } = {}) {
      const endpoint = await endpoints.named(registry, signal);
      const sender = createAuthorizedSender({
        ...parts,
        // Its own memory: what counts is what the registry says to this credential.
        challenges: new Map(),
        endpoint,
        credentials: [credential],
        anonymous: 'never',
        scope: undefined,
        remedy: 'check the user name and the password',
      });
      const subject = `cannot log in to ${registry}`;
      const response = await sender.send({
        method: 'GET',
        url: urlAt(endpoint, ''),
        signal,
        subject,
      });
      if (response.status !== 200)
        throw await responseError(response, { subject, registry, secrets: sender.secrets });
      await response.discard();
      return { verified: sender.access?.kind === 'credential' };
    },
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  };
}
