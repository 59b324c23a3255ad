import {
  canonicalHost,
  createEgressGuard,
  type EgressDenial,
  egressDenial,
  type EgressEndpoint,
  EgressError,
  type EgressPolicy,
  type EgressVerdict,
} from '@wasmlet/egress';

/** Where a guest may connect to, by its policy; addresses it has found by names count under these. */
export interface Destinations {
  /** Whether a name may be looked up. */
  allowsLookup(name: string): EgressVerdict;
  /** Looks a name up, and remembers what is found. Rejects as the guard's `resolve` does. */
  lookup(name: string, signal: AbortSignal): Promise<readonly string[]>;
  /** Whether an address may be connected to: found under an allowed name, or allowed itself. A denial is told. */
  allows(address: string, endpoint: EgressEndpoint): boolean;
  /** The same, of an address that nobody has asked for. */
  reaches(address: string, endpoint: EgressEndpoint): boolean;
}

/** Addresses remembered at once; the oldest is forgotten, and has to be looked up again. */
const maxRemembered = 4_096;
/** Names remembered for each of them. */
const maxNames = 16;

export function createDestinations(
  policy: EgressPolicy,
  onDenied: (denial: EgressDenial) => void = () => {},
): Destinations {
  const guard = createEgressGuard(policy);
  const namesOf = new Map<string, Set<string>>();

  const remember = (address: string, name: string): void => {
    const names = namesOf.get(address) ?? new Set();
    namesOf.delete(address);
    namesOf.set(address, names);
    names.delete(name);
    names.add(name);
    forgetOldest(names, maxNames);
    forgetOldest(namesOf, maxRemembered);
  };

  const judge = (host: string, address: string, endpoint: EgressEndpoint): EgressVerdict => {
    const named = guard.checkHost(host, endpoint);
    return named.allowed ? guard.checkAddress(host, address, endpoint) : named;
  };

  const judgeAll = (address: string, endpoint: EgressEndpoint): readonly EgressVerdict[] => {
    const hosts = [...(namesOf.get(spelled(address)) ?? []), address];
    return hosts.map((host) => judge(host, address, endpoint));
  };

  return {
    allowsLookup(name) {
      const verdict = guard.checkHost(name);
      if (!verdict.allowed) onDenied(egressDenial(name, verdict));
      return verdict;
    },
    async lookup(name, signal) {
      try {
        const addresses = (await guard.resolve(name, { signal })).map(({ address }) => address);
        for (const address of addresses) remember(spelled(address), name);
        return addresses;
      } catch (error) {
        if (error instanceof EgressError && error.reason !== undefined) {
          onDenied(egressDenial(name, { reason: error.reason, message: error.message }));
        }
        throw error;
      }
    },
    allows(address, endpoint) {
      const verdicts = judgeAll(address, endpoint);
      if (verdicts.some(({ allowed }) => allowed)) return true;
      // The newest name is what the guest has most likely meant.
      const told = verdicts.at(-2) ?? verdicts.at(-1);
      if (told?.allowed === false) onDenied(egressDenial(address, told));
      return false;
    },
    reaches: (address, endpoint) => judgeAll(address, endpoint).some(({ allowed }) => allowed),
  };
}

/** One spelling for each address, without zone. */
function spelled(address: string): string {
  return canonicalHost(address.replace(/%.*$/, ''));
}

function forgetOldest<K>(kept: Map<K, unknown> | Set<K>, most: number): void {
  const [oldest] = kept.keys();
  if (kept.size > most && oldest !== undefined) kept.delete(oldest);
}
