/**
 * Who may connect where, as plain JSON: it travels with a guest and is enforced in the guest's own process.
 * Default deny. What the pod asks for (`allowedHosts`) is bounded by what the operator says (all else).
 */
export interface EgressPolicy {
  /**
   * What may be contacted: `[scheme://]host[:port]`. The host is a name, `*.` and a name (all below it, not itself), an
   * IP address, or a range of addresses, which allows hosts that are asked for by their address. Schemes are `http` and
   * `https` for requests, `tcp` and `udp` for sockets; with one of the first two and no port it is their own port, else
   * any. Empty: nothing.
   */
  readonly allowedHosts: readonly string[];
  /**
   * The operator's: ranges (`10.0.0.0/8`), addresses, or host names, whose private and loopback addresses (and this
   * machine's own public ones) may then be connected to; with `:port` at that port. The ports of kubelets (10250, 10255) are
   * opened by a grant that names them, and no other. Metadata, link-local, multicast and reserved addresses stay denied
   * whatever stands here.
   */
  readonly grants: readonly string[];
  /** The operator's bound for `allowedHosts`, written as these: what is not in it as well is denied. @default any host */
  readonly ceiling?: readonly string[];
  /**
   * The operator's: ranges, addresses and names of the cluster's own (Services, pods, the API server), each with or without
   * `:port`. They need a grant though they may be public, and one of their own: a wider range does not open them. @default none
   */
  readonly guarded?: readonly string[];
}

/** Nothing may be contacted. */
export const denyAll: EgressPolicy = { allowedHosts: [], grants: [] };
