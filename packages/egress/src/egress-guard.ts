import { networkInterfaces } from 'node:os';
import type { LookupFunction } from 'node:net';
import { canonicalHost } from './canonical-host.ts';
import type { EgressEndpoint } from './endpoint.ts';
import { EgressError } from './errors.ts';
import { parseGrants } from './grants.ts';
import { type HostPattern, parseHostPattern } from './host-pattern.ts';
import { parseAddress } from './ip-address.ts';
import { judgeAddress } from './judge-address.ts';
import { lookupWith } from './lookup.ts';
import type { EgressPolicy } from './policy.ts';
import { type Resolve, type ResolvedAddress, resolveWithSystem, untilAborted } from './resolve-host.ts';
import { allowed, denied, type EgressVerdict } from './verdict.ts';

/** Enforces one {@link EgressPolicy}. Holds nothing open; make one per guest. */
export interface EgressGuard {
  /**
   * Whether a host is on the allow-list and below the ceiling: for this scheme and port, or, without them, for any. Nothing
   * is resolved.
   */
  checkHost(host: string, endpoint?: EgressEndpoint): EgressVerdict;
  /**
   * Whether an address that was found under `host` may be connected to: public ones may; private and loopback
   * ones, those of this machine, and guarded ones, under a grant that covers the address or names the host; others never.
   * Does not look at the allow-list.
   */
  checkAddress(host: string, address: string, endpoint?: EgressEndpoint): EgressVerdict;
  /**
   * Checks a host, finds its addresses (an IP literal is its own) and checks each: one that may not be connected
   * to denies all. Connect to what this returns, and to nothing else: the name may mean another address a moment later.
   * Rejects with {@link EgressError} `DENIED` (with `host` and `reason`) or `UNRESOLVED`, or the signal's reason.
   */
  resolve(
    host: string,
    options?: { readonly signal?: AbortSignal; readonly endpoint?: EgressEndpoint },
  ): Promise<readonly ResolvedAddress[]>;
  /**
   * {@link EgressGuard.resolve} in the shape of the `lookup` option of `node:net`, `node:http` and undici, so that
   * the address that was checked is the one connected to. Node does not call it for IP literals: give those to
   * `resolve` before connecting. For a policy with schemes or ports take {@link EgressGuard.lookupFor}.
   */
  readonly lookup: LookupFunction;
  /** The same for connections of one scheme to one port. */
  lookupFor(endpoint: EgressEndpoint): LookupFunction;
}

/** Options of {@link createEgressGuard}. */
export interface EgressGuardOptions {
  /** Default: the system's own resolver. */
  readonly resolve?: Resolve;
  /** The addresses of this machine, which need a grant although they may be public. Default: its interfaces'. */
  readonly ownAddresses?: () => readonly string[];
}

/**
 * Makes a policy enforceable. Throws {@link EgressError} `INVALID_HOST` or `INVALID_GRANT` that names the entry
 * which cannot be understood.
 */
export function createEgressGuard(policy: EgressPolicy, options: EgressGuardOptions = {}): EgressGuard {
  const allowList = policy.allowedHosts.map(parseHostPattern);
  const ceiling = policy.ceiling?.map(parseHostPattern);
  const grants = parseGrants(policy.grants);
  const guarded = parseGrants(policy.guarded ?? []);
  const { resolve: find = resolveWithSystem, ownAddresses = interfaceAddresses } = options;

  const checkHost = (host: string, endpoint?: EgressEndpoint): EgressVerdict => {
    const asked = readHost(host);
    if (typeof asked !== 'string') return denied('invalid-host', asked.message);
    if (!matchesSome(allowList, asked)) {
      return denied('host-not-allowed', `${asked} is not among the allowed hosts; allow it by this name`);
    }
    if (endpoint !== undefined && !matchesSome(allowList, asked, endpoint)) {
      const wanted = describeEndpoint(asked, endpoint);
      return denied('port-not-allowed', `${asked} is allowed, but not as ${wanted}; allow it so`);
    }
    if (ceiling === undefined || matchesSome(ceiling, asked, endpoint)) return allowed;
    const wanted = endpoint === undefined ? asked : describeEndpoint(asked, endpoint);
    return denied('above-ceiling', `${wanted} is beyond what the operator of this node lets pods allow`);
  };

  const checkAddress: EgressGuard['checkAddress'] = (host, address, endpoint) => {
    const asked = readHost(host);
    if (typeof asked !== 'string') return denied('invalid-host', asked.message);
    return judgeAddress({ host: asked, address, port: endpoint?.port, grants, guarded, ownAddresses });
  };

  const resolve: EgressGuard['resolve'] = async (host, { signal, endpoint } = {}) => {
    signal?.throwIfAborted();
    throwIfDenied(host, checkHost(host, endpoint));
    const asked = canonicalHost(host);
    const addresses = literal(asked) ?? (await findAddresses(asked, find, signal));
    for (const { address } of addresses) throwIfDenied(asked, checkAddress(asked, address, endpoint));
    return addresses;
  };

  return {
    checkHost,
    checkAddress,
    resolve,
    lookup: lookupWith(resolve),
    lookupFor: (endpoint) => lookupWith((host) => resolve(host, { endpoint })),
  };
}

function matchesSome(patterns: readonly HostPattern[], host: string, endpoint?: EgressEndpoint): boolean {
  return patterns.some((pattern) =>
    endpoint === undefined ? pattern.matchesHost(host) : pattern.matches(host, endpoint),
  );
}

function describeEndpoint(host: string, { scheme, port }: EgressEndpoint): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** A host in canonical form, or why it has none. */
function readHost(host: string): string | EgressError {
  try {
    return canonicalHost(host);
  } catch (error) {
    if (error instanceof EgressError) return error;
    throw error;
  }
}

function throwIfDenied(host: string, verdict: EgressVerdict): void {
  if (verdict.allowed) return;
  throw new EgressError('DENIED', verdict.message, { host, reason: verdict.reason });
}

function literal(host: string): readonly ResolvedAddress[] | undefined {
  const family = parseAddress(host)?.family;
  return family === undefined ? undefined : [{ address: host, family }];
}

async function findAddresses(
  host: string,
  resolve: Resolve,
  signal: AbortSignal | undefined,
): Promise<readonly ResolvedAddress[]> {
  let found: readonly ResolvedAddress[];
  try {
    found = await untilAborted(resolve(host, signal === undefined ? {} : { signal }), signal);
  } catch (cause) {
    signal?.throwIfAborted();
    throw unresolved(host, 'its name could not be resolved; check the spelling and DNS', cause);
  }
  if (found.length === 0) throw unresolved(host, 'its name has no addresses; check the spelling');
  return found.slice(0, maxAddresses);
}

/** A name's owner chooses how many addresses it has. */
const maxAddresses = 32;

function unresolved(host: string, problem: string, cause?: unknown): EgressError {
  return new EgressError('UNRESOLVED', `${host}: ${problem}`, { host, cause });
}

function interfaceAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((entries = []) => entries.map(({ address }) => address));
}
