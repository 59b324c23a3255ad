import type { OutgoingRequest } from './exchange.ts';

/**
 * A guest's request with the headers that are really sent: none that belong to the connection or say where the request
 * goes, `accept` as reqwest sends it, and the URL's user and password as basic authentication.
 */
export function prepared(request: OutgoingRequest): OutgoingRequest {
  const headers = new Map([...request.headers].filter(([name]) => !connectionHeaders.has(name)));
  if (!headers.has('accept')) headers.set('accept', '*/*');
  const url = new URL(request.url);
  if ((url.username !== '' || url.password !== '') && !headers.has('authorization')) {
    const credentials = `${decode(url.username)}:${decode(url.password)}`;
    headers.set('authorization', `Basic ${Buffer.from(credentials).toString('base64')}`);
  }
  url.username = '';
  url.password = '';
  return { ...request, url, headers };
}

/** `host` would let a guest ask an allowed server for another site; the others are the client's to set. */
const connectionHeaders = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone percent sign means itself
  }
}
