import { OciError } from '../errors.ts';
import { isConnectFailure } from './connection-error.ts';
import type { Http } from './http.ts';
import { isLoopbackName } from './loopback-name.ts';
import type { UrlGuard } from './url-guard.ts';

/** How a registry is spoken to. */
export interface Endpoint {
  /** As in references. */
  readonly registry: string;
  /** e.g. `https://registry-1.docker.io`. */
  readonly origin: string;
}

export interface Endpoints {
  /** Rejects with {@link OciError} when the registry cannot be reached. */
  find(registry: string, signal: AbortSignal | undefined): Promise<Endpoint>;
}

/**
 * Https everywhere. Where plain http is allowed (loopback names, the list of insecure registries), the first
 * contact finds out which of the two it is.
 */
export function createEndpoints(http: Http, guard: UrlGuard): Endpoints {
  const known = new Map<string, Endpoint>();

  const probe = async (endpoint: Endpoint, signal: AbortSignal | undefined): Promise<void> => {
    const response = await http.send({
      method: 'GET',
      url: new URL('/v2/', endpoint.origin),
      registry: endpoint.origin,
      retry: false,
      follow: false,
      signal,
    });
    await response.discard();
  };

  return {
    async find(registry, signal) {
      const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry;
      const secure: Endpoint = { registry, origin: new URL(`https://${host}`).origin };
      const mayBePlain = guard.isInsecure(registry) || isLoopbackName(hostnameOf(registry));
      if (!mayBePlain) {
        guard.checkRegistry(secure);
        return secure;
      }
      const found = known.get(registry);
      if (found) return found;
      const plain: Endpoint = { registry, origin: new URL(`http://${host}`).origin };
      const endpoint = await probe(secure, signal).then(
        () => secure,
        async (error: unknown) => {
          signal?.throwIfAborted();
          if (!(error instanceof OciError) || !isConnectFailure(error.cause)) throw error;
          await probe(plain, signal);
          return plain;
        },
      );
      if (known.size >= maxKnown) known.clear();
      known.set(registry, endpoint);
      return endpoint;
    },
  };
}

/** References name registries, and references are foreign input. */
const maxKnown = 1_000;

function hostnameOf(registry: string): string {
  return registry.replace(/:\d+$/, '');
}
