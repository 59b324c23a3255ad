import { canonicalKey } from '../credentials/credential-key.ts';
import { OciError } from '../errors.ts';
import type { HostSettings } from '../hosts/connections.ts';
import {
  hostCapabilities,
  type HostCapability,
  type RegistryHost,
  type RegistryHosts,
} from '../hosts/registry-host.ts';
import { type RegistryTls, secureContextOf } from '../hosts/tls-settings.ts';
import { isConnectFailure } from './http/connection-error.ts';
import type { Http } from './http/http.ts';
import { isLoopbackName } from './http/loopback-name.ts';
import type { UrlGuard } from './http/url-guard.ts';

/** How a registry is spoken to. */
export interface Endpoint {
  /** As in references. */
  readonly registry: string;
  /** e.g. `https://registry-1.docker.io`. */
  readonly origin: string;
  /** Path of the API there. */
  readonly root: string;
  readonly settings: HostSettings | undefined;
  /** The registry whose content this is, when it is a mirror at another host. */
  readonly mirrorOf: string | undefined;
}

export interface Endpoints {
  /** Where content is pushed to. Rejects with {@link OciError} when the registry cannot be reached. */
  find(registry: string, signal: AbortSignal | undefined): Promise<Endpoint>;
  /** Where the registry itself is, whatever it may be asked for. Rejects as `find` does. */
  own(registry: string, signal: AbortSignal | undefined): Promise<Endpoint>;
  /**
   * Where a registry is spoken to under its own name: nobody else is shown what its credentials are. Rejects as `find`
   * does, and with `INVALID_CONFIG` where all that is asked of it goes to other hosts.
   */
  named(registry: string, signal: AbortSignal | undefined): Promise<Endpoint>;
  /** Where content is pulled from: mirrors in their order, the registry itself last. Nothing is contacted. */
  sources(registry: string, signal: AbortSignal | undefined): Promise<readonly EndpointSource[]>;
}

export interface EndpointSource {
  /** Of the host, with its port where it has one. */
  readonly name: string;
  readonly capabilities: readonly HostCapability[];
  readonly isMirror: boolean;
  open(this: void, signal: AbortSignal | undefined): Promise<Endpoint>;
}

/** The URL of a path below an endpoint's API; to a mirror with the registry's name, as containerd has it. */
export function urlAt({ origin, root, mirrorOf }: Endpoint, path: string): URL {
  const url = new URL(`${root}/${path}`, origin);
  if (mirrorOf !== undefined) url.searchParams.set('ns', mirrorOf);
  return url;
}

export interface EndpointsOptions {
  readonly http: Http;
  readonly guard: UrlGuard;
  readonly hosts: RegistryHosts | undefined;
  /** For registries of which `hosts` does not know. */
  readonly tls: Readonly<Record<string, RegistryTls>>;
}

/**
 * Https everywhere. Where plain http is allowed (loopback names, the list of insecure registries), the first
 * contact finds out which of the two it is.
 */
export function createEndpoints({ http, guard, hosts, tls }: EndpointsOptions): Endpoints {
  const known = new Map<string, 'http' | 'https'>();
  const settings = new Map(
    Object.entries(tls).map(([registry, own]): [string, HostSettings] => {
      const name = `tls of registry ${registry}`;
      secureContextOf(own, name);
      return [registry, { name, tls: own }];
    }),
  );

  const hostsOf = async (
    registry: string,
    signal: AbortSignal | undefined,
  ): Promise<readonly RegistryHost[]> => {
    const found = await hosts?.find(registry, signal === undefined ? {} : { signal });
    if (found !== undefined) return found;
    return [{ url: undefined, capabilities: hostCapabilities, settings: settings.get(registry) }];
  };

  const probe = async (endpoint: Endpoint, signal: AbortSignal | undefined): Promise<void> => {
    const response = await http.send({
      method: 'GET',
      url: urlAt(endpoint, ''),
      registry: endpoint.origin,
      settings: endpoint.settings,
      retry: false,
      follow: false,
      signal,
    });
    await response.discard();
  };

  const open = async (
    registry: string,
    host: RegistryHost,
    signal: AbortSignal | undefined,
  ): Promise<Endpoint> => {
    const { url } = host;
    if (url === undefined) return openOwn(registry, host, signal);
    const isElsewhere = !isNamed(url, registry);
    const endpoint: Endpoint = {
      registry: isElsewhere ? url.host : registry,
      origin: url.origin,
      root: url.pathname.replace(/\/$/, ''),
      settings: host.settings,
      mirrorOf: isElsewhere ? registry : undefined,
    };
    guard.checkRegistry(endpoint);
    return endpoint;
  };

  const openOwn = async (
    registry: string,
    { settings: own }: RegistryHost,
    signal: AbortSignal | undefined,
  ): Promise<Endpoint> => {
    const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry;
    const at = (scheme: 'http' | 'https'): Endpoint => ({
      registry,
      origin: new URL(`${scheme}://${host}`).origin,
      root: '/v2',
      settings: own,
      mirrorOf: undefined,
    });
    const mayBePlain = guard.isInsecure(registry) || isLoopbackName(hostnameOf(registry));
    if (!mayBePlain) {
      const secure = at('https');
      guard.checkRegistry(secure);
      return secure;
    }
    const found = known.get(registry);
    if (found) return at(found);
    const scheme = await probe(at('https'), signal).then(
      () => 'https' as const,
      async (error: unknown) => {
        signal?.throwIfAborted();
        if (!(error instanceof OciError) || !isConnectFailure(error.cause)) throw error;
        await probe(at('http'), signal);
        return 'http' as const;
      },
    );
    if (known.size >= maxKnown) known.clear();
    known.set(registry, scheme);
    return at(scheme);
  };

  return {
    async find(registry, signal) {
      const host = (await hostsOf(registry, signal)).find(({ capabilities }) =>
        capabilities.includes('push'),
      );
      if (host !== undefined) return open(registry, host, signal);
      const problem = `none of the hosts that are configured for registry ${registry} may be pushed to`;
      throw new OciError('DENIED', `${problem}; give one the capability "push"`, { host: registry });
    },
    async own(registry, signal) {
      return open(registry, (await hostsOf(registry, signal)).at(-1) ?? unlisted, signal);
    },
    async named(registry, signal) {
      const list = await hostsOf(registry, signal);
      const host =
        list.length === 0
          ? unlisted
          : list.findLast(({ url }) => url === undefined || isNamed(url, registry));
      if (host !== undefined) return open(registry, host, signal);
      const others = [...new Set(list.map(({ url }) => url?.host))].join(' or ');
      const problem = `what is asked of registry ${registry} goes to ${others}, as its configured hosts say`;
      const remedy = `log in to ${others} instead: credentials are shown to the host alone that they are for`;
      throw new OciError('INVALID_CONFIG', `${problem}; ${remedy}`, { host: registry });
    },
    async sources(registry, signal) {
      const list = await hostsOf(registry, signal);
      return list.map((host, index) => ({
        name: host.url?.host ?? registry,
        capabilities: host.capabilities,
        isMirror: index < list.length - 1,
        open: (abort) => open(registry, host, abort),
      }));
    },
  };
}

/** A registry of whose places nothing is said. */
const unlisted: RegistryHost = { url: undefined, capabilities: [], settings: undefined };

/** References name registries, and references are foreign input. */
const maxKnown = 1_000;

/** Docker Hub has several names. */
function isNamed({ host }: URL, registry: string): boolean {
  return canonicalKey(host) === canonicalKey(registry);
}

function hostnameOf(registry: string): string {
  return registry.replace(/:\d+$/, '');
}
