import type { OutgoingRequest } from './exchange.ts';
import { headerOf, type ResponseHeaders } from './response-headers.ts';

/** Redirects that are followed for one request. */
export const maxRedirects = 10;

/**
 * The request that a response asks for instead, as reqwest makes it: 301, 302 and 303 become GET without a body (HEAD
 * stays), 307 and 308 are repeated as they are. Credentials stay behind when the origin changes. Undefined when the
 * response is to be taken as it is.
 */
export function redirected(
  request: OutgoingRequest,
  response: { readonly status: number; readonly headers: ResponseHeaders },
): OutgoingRequest | undefined {
  const location = headerOf(response.headers, 'location');
  if (location === undefined || !isRedirect(response.status)) return undefined;
  const target = Buffer.from(location, 'latin1').toString('utf8');
  if (!URL.canParse(target, request.url.href)) return undefined;
  const url = new URL(target, request.url);
  url.username = '';
  url.password = '';
  const crossesOrigin = url.origin !== request.url.origin;
  const repeats = response.status === 307 || response.status === 308;
  const left = [...(crossesOrigin ? credentialHeaders : []), ...(repeats ? [] : bodyHeaders)];
  const headers = new Map([...request.headers].filter(([name]) => !left.includes(name)));
  if (repeats) return { ...request, url, headers };
  return { url, method: request.method === 'HEAD' ? 'HEAD' : 'GET', headers, body: new Uint8Array(0) };
}

function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

const credentialHeaders = ['authorization', 'cookie', 'cookie2', 'www-authenticate'];
const bodyHeaders = ['content-type', 'content-encoding'];
