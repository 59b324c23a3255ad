/**
 * Who may connect where, as plain JSON: it travels with a guest and is enforced in the guest's own process.
 * Default deny. What the pod asks for (`allowedHosts`) is bounded by what the operator grants (`grants`).
 */
export interface EgressPolicy {
  /**
   * Hosts that may be contacted: names or IP literals in canonical form (lower case, IDNA, no brackets, no
   * port). Compared for equality. Empty: none.
   */
  readonly allowedHosts: readonly string[];
  /**
   * The operator's ceiling for addresses that are not public: CIDR ranges (`10.0.0.0/8`, `127.0.0.1/32`) or
   * host names, whose loopback and private addresses may then be connected to. Metadata and link-local
   * addresses stay denied whatever stands here.
   */
  readonly grants: readonly string[];
}

/** Nothing may be contacted. */
export const denyAll: EgressPolicy = { allowedHosts: [], grants: [] };
