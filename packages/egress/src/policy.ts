/**
 * Who may connect where, as plain JSON: it travels with a guest and is enforced in the guest's own process.
 * Default deny. What the pod asks for (`allowedHosts`) is bounded by what the operator grants (`grants`).
 */
export interface EgressPolicy {
  /**
   * Hosts that may be contacted: names or IP literals, without a port. Compared for equality, in the form that
   * `canonicalHost` gives them. Empty: none.
   */
  readonly allowedHosts: readonly string[];
  /**
   * The operator's ceiling: ranges (`10.0.0.0/8`), addresses, or host names, whose private and loopback addresses
   * (and this machine's own public ones) may then be connected to. Metadata, link-local, multicast and reserved
   * addresses stay denied whatever stands here.
   */
  readonly grants: readonly string[];
}

/** Nothing may be contacted. */
export const denyAll: EgressPolicy = { allowedHosts: [], grants: [] };
