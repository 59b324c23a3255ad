import type { ResponseHeaders } from '../client/response-headers.ts';
import { refuse } from './error-code.ts';

/**
 * Reads a guest's headers: a line `name:value` for each, ended by LF or CRLF, nothing trimmed. Names come out in
 * lower case; of repeated ones the last counts. Refuses with `invalid_encoding`.
 */
export function parseHeaders(text: string): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const line of linesOf(text)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1);
    if (colon < 0 || !isToken(name) || !visibleAscii.test(value)) refuse('invalidEncoding');
    headers.set(name.toLowerCase(), value);
  }
  return headers;
}

/**
 * Writes a response's headers for a guest, a line each, repeated ones as often as they came. Refuses with
 * `runtime_error` when one is no UTF-8 or has control characters, tabs among them.
 */
export function formatHeaders(headers: ResponseHeaders): Uint8Array {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const bytes = Buffer.from(headers.map(([name, value]) => `${name}:${value}\n`).join(''), 'latin1');
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch (cause) {
    return refuse('runtimeError', cause);
  }
  if (/\p{Cc}/u.test(text.replaceAll('\n', ''))) refuse('runtimeError');
  return bytes;
}

/** A method or header name as HTTP has them (RFC 9110, section 5.6.2). */
export function isToken(text: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text);
}

const visibleAscii = /^[\t\x20-\x7e]*$/;

/** The last line needs no end. */
function linesOf(text: string): readonly string[] {
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  const ended = lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  return last === '' ? ended : [...ended, last];
}
