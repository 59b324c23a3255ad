import { addAbortListener } from 'node:events';
import { lookup } from 'node:dns/promises';

/** One address of a host. */
export interface ResolvedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Finds all addresses of a host name, in the order in which they should be tried. */
export type Resolve = (
  host: string,
  options: { readonly signal?: AbortSignal },
) => Promise<readonly ResolvedAddress[]>;

/** Asks as the system does (`/etc/hosts`, DNS). An abort is answered at once, though the system asks on. */
export const resolveWithSystem: Resolve = async (host, { signal }) => {
  const answer = await untilAborted(lookup(host, { all: true, order: 'verbatim' }), signal);
  return answer.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
};

/** Settles as `work` does, or rejects with the signal's reason when that comes first. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const aborted = Promise.withResolvers<never>();
  using _listener = addAbortListener(signal, () => aborted.reject(signal.reason));
  return await Promise.race([work, aborted.promise]);
}
