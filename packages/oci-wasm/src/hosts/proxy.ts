import { BlockList, isIP } from 'node:net';
import { OciError } from '../errors.ts';
import { isLoopbackName } from '../registry/http/loopback-name.ts';

/** Proxies, as the environment variables of the same names have them. Libraries do not read the environment. */
export interface ProxyOptions {
  /** For plain http: `http://[user:password@]host:port`; without a scheme http is meant. */
  readonly httpProxy?: string | undefined;
  /** For https, through CONNECT. */
  readonly httpsProxy?: string | undefined;
  /**
   * What is contacted directly: names (with all below them; with a leading dot only what is below), addresses,
   * ranges (`10.0.0.0/8`), each but ranges with a port where only that is meant; `*` for all.
   */
  readonly noProxy?: string | undefined;
}

/** The proxy for a URL; undefined for what is contacted directly. */
export type ChooseProxy = (url: URL) => URL | undefined;

/** Go's and curl's rules; loopback names are always contacted directly. Throws {@link OciError} `INVALID_CONFIG`. */
export function createProxyChoice({ httpProxy, httpsProxy, noProxy = '' }: ProxyOptions = {}): ChooseProxy {
  const proxies = {
    'http:': parseProxy(httpProxy, 'HTTP_PROXY'),
    'https:': parseProxy(httpsProxy, 'HTTPS_PROXY'),
  };
  const exceptions = noProxy
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .map(parseException);
  return (url) => {
    const proxy = proxies[url.protocol as keyof typeof proxies];
    if (proxy === undefined || isLoopbackName(url.hostname)) return undefined;
    return exceptions.some((covers) => covers(url)) ? undefined : proxy;
  };
}

/** For messages: without user and password. */
export function shownProxy(proxy: URL): string {
  return `${proxy.protocol}//${proxy.host}`;
}

function parseProxy(text: string | undefined, name: string): URL | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const full = /^[a-z][a-z\d+.-]*:\/\//i.test(text.trim()) ? text.trim() : `http://${text.trim()}`;
  if (URL.canParse(full)) {
    const url = new URL(full);
    if ((url.protocol === 'http:' || url.protocol === 'https:') && url.hostname !== '') return url;
  }
  // Not quoted: there may be a password in it.
  throw new OciError(
    'INVALID_CONFIG',
    `${name} is no URL of a proxy; write http://HOST:PORT or https://HOST:PORT`,
  );
}

type Covers = (url: URL) => boolean;

function parseException(entry: string): Covers {
  if (entry === '*') return () => true;
  const range = /^([^/]+)\/(\d{1,3})$/.exec(entry);
  if (range) return parseRange(range[1] ?? '', Number(range[2]));
  const [, bracketed, plain = '', port] = /^(?:\[([^\]]*)\]|(.*?))(?::(\d+))?$/.exec(entry) ?? [];
  // An IPv6 address without brackets has no port.
  const written = isIP(entry) === 6 ? entry : (bracketed ?? plain);
  const host = written.toLowerCase().replace(/^\*\./, '.').replace(/\.$/, '');
  const wantedPort = isIP(entry) === 6 ? undefined : port;
  const fits = isIP(host) === 0 ? nameCovers(host) : addressCovers(host);
  return (url) => (wantedPort === undefined || portOf(url) === wantedPort) && fits(hostOf(url));
}

function parseRange(address: string, prefix: number): Covers {
  const family = isIP(address);
  if (family === 0 || prefix > (family === 4 ? 32 : 128)) return () => false;
  const list = new BlockList();
  list.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
  return (url) => isListed(list, hostOf(url));
}

function nameCovers(name: string): (host: string) => boolean {
  if (name.startsWith('.')) return (host) => host.endsWith(name) && host !== name;
  return (host) => host === name || (isIP(host) === 0 && host.endsWith(`.${name}`));
}

function addressCovers(address: string): (host: string) => boolean {
  const list = new BlockList();
  list.addAddress(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
  return (host) => isListed(list, host);
}

function isListed(list: BlockList, host: string): boolean {
  const family = isIP(host);
  return family !== 0 && list.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}

function portOf({ port, protocol }: URL): string {
  return port === '' ? (protocol === 'https:' ? '443' : '80') : port;
}
