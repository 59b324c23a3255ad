import { OciError } from '../../errors.ts';
import { isLoopbackName } from './loopback-name.ts';
import type { ServerAddresses } from './server-addresses.ts';

/**
 * Decides where a registry may send its clients: token servers, redirects, upload locations. A registry is
 * chosen by whoever writes a reference, and must not become a way to reach the machine's own network.
 */
export interface UrlGuard {
  /** The URL that `text` means at `from`, if it may be contacted; throws {@link OciError} `UNSAFE_URL` else. */
  target(text: string, options: { readonly from: URL; readonly purpose: Purpose }): URL;
  /** Throws {@link OciError} `UNSAFE_URL` for addresses that no registry has. */
  checkRegistry(endpoint: { readonly registry: string; readonly origin: string }): void;
  /** Whether a host (with its port where it is not the scheme's own) is on the list of insecure registries. */
  isInsecure(host: string): boolean;
}

export type Purpose = 'token server' | 'redirect' | 'upload location' | 'next page';

export interface UrlGuardOptions {
  readonly insecureRegistries: readonly string[];
  readonly addresses: ServerAddresses;
}

export function createUrlGuard({ insecureRegistries, addresses }: UrlGuardOptions): UrlGuard {
  // As written, and as URLs have it: without the port that the scheme implies.
  const written = insecureRegistries.map((registry) => registry.toLowerCase());
  const listed = new Set([...written, ...written.map((registry) => registry.replace(/:(?:80|443)$/, ''))]);
  const isInsecure = (host: string): boolean => listed.has(host);
  return {
    isInsecure,
    checkRegistry({ registry, origin }) {
      const problem = addresses.problemOf(new URL(origin).hostname);
      if (problem === undefined || problem.mayBeRegistry) return;
      throw new OciError('UNSAFE_URL', `registry ${registry} is refused: ${problem.text}`, {
        host: registry,
      });
    },
    target(text, { from, purpose }) {
      const refuse = (problem: string): OciError =>
        new OciError(
          'UNSAFE_URL',
          `registry ${from.host}: its ${purpose} ${shown(text)} is refused: ${problem}`,
          {
            host: from.host,
          },
        );
      // Token servers are named in full; the rest may be relative.
      const base = purpose === 'token server' ? undefined : from.href;
      if (!URL.canParse(text, base)) throw refuse('it is no URL');
      const url = new URL(text, base);
      if (url.username !== '' || url.password !== '') throw refuse('it has credentials in it');
      if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refuse('it is neither https nor http');
      const isSameHost = url.hostname === from.hostname;
      const areBothLocal = isLoopbackName(url.hostname) && isLoopbackName(from.hostname);
      if (url.protocol === 'http:') {
        const isAllowed = isInsecure(url.host) || (from.protocol === 'http:' && (isSameHost || areBothLocal));
        if (!isAllowed) throw refuse('plain http; the host would have to be in --insecure-registries');
      }
      const problem = isSameHost ? undefined : addresses.problemOf(url.hostname);
      if (problem === undefined) return url;
      const isHarmless = problem.mayBeRegistry && (areBothLocal || isInsecure(url.host));
      if (!isHarmless) throw refuse(problem.text);
      return url;
    },
  };
}

/** For messages: no query, which may hold signatures. */
function shown(text: string): string {
  return JSON.stringify(
    text
      .replace(/[?#].*$/s, '')
      .replace(/\/\/[^/@]*@/, '//')
      .slice(0, 200),
  );
}
