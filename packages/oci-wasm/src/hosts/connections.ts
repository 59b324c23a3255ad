import { createHash } from 'node:crypto';
import type { SecureContext } from 'node:tls';
import { Agent, type Dispatcher, Pool, ProxyAgent } from 'undici';
import type { Depth, ServerAddresses } from '../registry/http/server-addresses.ts';
import type { RegistryTimeouts } from '../registry/http/timeouts.ts';
import type { UrlGuard } from '../registry/http/url-guard.ts';
import { type ChooseProxy, shownProxy } from './proxy.ts';
import { type RegistryTls, secureContextOf } from './tls-settings.ts';

/** How one registry is spoken to, besides where it is. */
export interface HostSettings {
  /** For messages: the registry or the file that this comes from. */
  readonly name: string;
  readonly tls?: RegistryTls;
  /** Sent with each request to the registry's own origin. */
  readonly headers?: Readonly<Record<string, string>>;
  /** @default {@link RegistryTimeouts.connectMs} */
  readonly connectMs?: number;
}

export interface Destination {
  readonly url: URL;
  /** Origin of the registry on whose behalf it is contacted. */
  readonly registry: string;
  readonly settings: HostSettings | undefined;
}

/** The connections of one client, kept and shared by all that are made in the same way. */
export interface Connections extends AsyncDisposable {
  /** Throws {@link OciError} `INVALID_CONFIG` for certificates that cannot be used. */
  to(destination: Destination): Dispatcher;
  /** The proxy on the way, for messages. */
  proxyOf(url: URL): string | undefined;
}

export interface ConnectionsOptions {
  readonly timeouts: RegistryTimeouts;
  readonly guard: UrlGuard;
  readonly addresses: ServerAddresses;
  readonly chooseProxy: ChooseProxy;
}

/** Sockets per registry; more pulls than that wait for one. */
const maxConnections = 16;
const maxHeaderBytes = 64 * 1024;
/** Ways of connecting that are kept; the one that has not been used for longest is closed. */
const maxDispatchers = 64;

export function createConnections(options: ConnectionsOptions): Connections {
  const { timeouts, guard, addresses, chooseProxy } = options;
  const dispatchers = new Map<string, Dispatcher>();
  const retired = new Set<Dispatcher>();
  const identities = new WeakMap<HostSettings, string>();

  const identityOf = (settings: HostSettings): string => {
    const known = identities.get(settings);
    if (known !== undefined) return known;
    // No key is kept as a key.
    const text = JSON.stringify([settings.tls, settings.connectMs]);
    const identity = createHash('sha256').update(text).digest('base64');
    identities.set(settings, identity);
    return identity;
  };

  const retire = (dispatcher: Dispatcher): void => {
    retired.add(dispatcher);
    void dispatcher
      .close()
      .catch(() => {})
      .finally(() => retired.delete(dispatcher));
  };

  return {
    to({ url, registry, settings }) {
      const { hostname } = new URL(registry);
      const isOwn = url.hostname === hostname;
      const isTrusted = guard.isInsecure(url.host) || (isOwn && settings?.tls?.skipVerify === true);
      const reach: Depth = isTrusted || isOwn ? 'loopback' : addresses.depthOf(hostname);
      const proxy = chooseProxy(url);
      const identity = settings === undefined ? '' : identityOf(settings);
      const key = JSON.stringify([reach, isTrusted, isOwn && identity, identity, proxy?.href]);
      const dispatcher =
        dispatchers.get(key) ??
        createDispatcher(
          {
            timeout: (isOwn ? settings?.connectMs : undefined) ?? timeouts.connectMs,
            rejectUnauthorized: !isTrusted,
            ...tlsOptions(settings, isOwn),
          },
          { timeouts, proxy, lookup: addresses.lookup(reach) },
        );
      // Put at the end: the first is the one that has not been used for longest.
      dispatchers.delete(key);
      dispatchers.set(key, dispatcher);
      const [oldest] = dispatchers;
      if (dispatchers.size > maxDispatchers && oldest !== undefined) {
        dispatchers.delete(oldest[0]);
        retire(oldest[1]);
      }
      return dispatcher;
    },
    proxyOf(url) {
      const proxy = chooseProxy(url);
      return proxy === undefined ? undefined : shownProxy(proxy);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...dispatchers.values(), ...retired].map((dispatcher) => dispatcher.destroy()));
    },
  };
}

/**
 * A registry's CA counts for the servers that it sends its clients to as well; its client certificate is for itself.
 */
function tlsOptions(
  settings: HostSettings | undefined,
  isOwn: boolean,
): Pick<ConnectOptions, 'secureContext'> {
  if (settings?.tls === undefined) return {};
  const { ca } = settings.tls;
  if (isOwn) return { secureContext: secureContextOf(settings.tls, settings.name) };
  return ca === undefined ? {} : { secureContext: secureContextOf({ ca }, settings.name) };
}

interface ConnectOptions {
  readonly timeout: number;
  readonly rejectUnauthorized: boolean;
  readonly secureContext?: SecureContext;
}

interface Way {
  readonly timeouts: RegistryTimeouts;
  readonly proxy: URL | undefined;
  readonly lookup: ReturnType<ServerAddresses['lookup']>;
}

function createDispatcher(connect: ConnectOptions, { timeouts, proxy, lookup }: Way): Dispatcher {
  const limits = {
    connections: maxConnections,
    headersTimeout: timeouts.idleMs,
    bodyTimeout: timeouts.idleMs,
    maxHeaderSize: maxHeaderBytes,
    // One connection per blob: a stalled or broken one holds no other up.
    allowH2: false,
  };
  if (proxy === undefined) return new Agent({ ...limits, connect: { ...connect, lookup } });
  return new ProxyAgent({
    ...limits,
    uri: proxy.href,
    requestTls: connect,
    proxyTls: { timeout: connect.timeout },
    // The proxy's own answers are bounded as a registry's are.
    clientFactory: (origin, pool: object) =>
      new Pool(origin, { ...pool, ...limits, headersTimeout: timeouts.connectMs }),
    factory: (origin, pool: object) => new Pool(origin, { ...pool, ...limits }),
  });
}
