import { lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP } from 'node:net';
import { OciError } from '../errors.ts';
import { classifyAddress } from './address-class.ts';
import { isLoopbackName } from './loopback-name.ts';

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

export type Purpose = 'token server' | 'redirect' | 'upload location';

export function createUrlGuard(insecureRegistries: readonly string[]): UrlGuard {
  // As written, and as URLs have it: without the port that the scheme implies.
  const written = insecureRegistries.map((registry) => registry.toLowerCase());
  const listed = new Set([...written, ...written.map((registry) => registry.replace(/:(?:80|443)$/, ''))]);
  const isInsecure = (host: string): boolean => listed.has(host);
  return {
    isInsecure,
    checkRegistry({ registry, origin }) {
      const problem = addressProblem(new URL(origin).hostname);
      if (problem === undefined || problem.isPrivate) return;
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
      const problem = isSameHost ? undefined : addressProblem(url.hostname);
      if (problem === undefined) return url;
      const isHarmless = problem.isPrivate && (areBothLocal || isInsecure(url.host));
      if (!isHarmless) throw refuse(problem.text);
      return url;
    },
  };
}

interface AddressProblem {
  readonly text: string;
  /** Loopback or private, which a registry of the same kind may use; else nobody may. */
  readonly isPrivate: boolean;
}

function addressProblem(hostname: string): AddressProblem | undefined {
  if (isLoopbackName(hostname)) return { text: 'it is this machine', isPrivate: true };
  const address = hostname.replace(/^\[|\]$/g, '');
  if (isIP(address) === 0) return undefined;
  const kind = classifyAddress(address);
  if (kind === 'public') return undefined;
  return { text: `${address} is a ${kind} address`, isPrivate: kind === 'private' };
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

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/** Name resolution that hides metadata and link-local addresses, which no registry has and any name may point to. */
export function guardedLookup(hostname: string, options: LookupOptions, callback: LookupCallback): void {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, []);
    const allowed = addresses.filter(({ address }) => !neverContacted.includes(classifyAddress(address)));
    const [first] = allowed;
    if (first === undefined) {
      const refused = new OciError(
        'UNSAFE_URL',
        `${hostname} has none but metadata and link-local addresses`,
        {
          host: hostname,
        },
      );
      return callback(refused, []);
    }
    if (options.all === true) callback(null, allowed);
    else callback(null, first.address, first.family);
  });
}

const neverContacted: readonly string[] = ['metadata', 'link-local'];
