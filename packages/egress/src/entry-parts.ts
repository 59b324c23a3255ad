import { isIPv6 } from 'node:net';
import { parseRange } from './ip-address.ts';

/** The parts of `[scheme://]host[:port]`, as they are written. */
export interface EntryParts {
  readonly scheme: string | undefined;
  /** A name, an address, or a range of them; without brackets. */
  readonly host: string;
  readonly port: string | undefined;
}

/** Takes an entry of an allow-list, or a grant, apart. What the parts mean is for others to say. */
export function entryParts(text: string): EntryParts {
  const [, scheme, rest = ''] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/is.exec(text) ?? [];
  const bracketed = /^\[([^\]]*)\](?::([^:]*))?$/s.exec(rest);
  if (bracketed !== null) {
    const [, inner = '', port] = bracketed;
    // What is no address has no brackets to be taken off.
    const host = isIPv6(inner) || parseRange(inner)?.start.family === 6 ? inner : `[${inner}]`;
    return { scheme, host, port };
  }
  const [, host = rest, port] = /^([^:]*):([^:]*)$/s.exec(rest) ?? [];
  return { scheme, host, port };
}
