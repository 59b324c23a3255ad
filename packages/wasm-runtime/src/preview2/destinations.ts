import { createEgressGuard, type EgressGuard, type EgressPolicy } from '@wasmlet/egress';

/** Where a guest may connect to, by its policy; addresses it has found by names count under these. */
export interface Destinations {
  readonly guard: EgressGuard;
  /** An address was found under a name that the policy allows. */
  remember(address: string, name: string): void;
  /** Whether an address may be connected to: found under an allowed name, or allowed itself. */
  allows(address: string): boolean;
}

/** Addresses remembered at once; the oldest is forgotten, and has to be looked up again. */
const maxRemembered = 4_096;

export function createDestinations(policy: EgressPolicy): Destinations {
  const guard = createEgressGuard(policy);
  const names = new Map<string, string>();
  return {
    guard,
    remember(address, name) {
      names.delete(address);
      names.set(address, name);
      const [oldest] = names.keys();
      if (names.size > maxRemembered && oldest !== undefined) names.delete(oldest);
    },
    allows(address) {
      const name = names.get(address);
      if (name !== undefined && guard.checkAddress(name, address).allowed) return true;
      return guard.checkHost(address).allowed && guard.checkAddress(address, address).allowed;
    },
  };
}
