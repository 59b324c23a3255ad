import type { LookupOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { callbackify } from 'node:util';
import { EgressError } from './errors.ts';
import type { ResolvedAddress } from './resolve-host.ts';

/** Node's `lookup` over a function that finds addresses. `family` chooses among what was found; other options are Node's own affair. */
export function lookupWith(resolve: (host: string) => Promise<readonly ResolvedAddress[]>): LookupFunction {
  const find = async (host: string, options: LookupOptions): Promise<readonly ResolvedAddress[]> => {
    const addresses = await resolve(host);
    const family = familyOf(options);
    const wanted = family === undefined ? addresses : addresses.filter((found) => found.family === family);
    if (wanted.length > 0) return wanted;
    throw new EgressError('UNRESOLVED', `${host} has no IPv${family} address`, { host });
  };
  const findThenCall = callbackify(find);
  return (host, options, callback) => {
    findThenCall(host, options, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined) callback(error, '');
      else if (options.all === true) callback(null, [...addresses]);
      else callback(null, first.address, first.family);
    });
  };
}

/** Node takes 4 and 6, `IPv4` and `IPv6`, and 0 for either. */
function familyOf({ family }: LookupOptions): 4 | 6 | undefined {
  if (family === 4 || family === 'IPv4') return 4;
  return family === 6 || family === 'IPv6' ? 6 : undefined;
}
