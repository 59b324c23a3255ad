/** Why an {@link EgressError} was thrown. */
export type EgressErrorCode =
  /** The policy does not let this connection happen; `reason` says which part of it. */
  | 'DENIED'
  /** The host name has no address, or asking for it failed. */
  | 'UNRESOLVED'
  /** The text is no host: no name that DNS could have and no IP address; or no entry of an allow-list. */
  | 'INVALID_HOST'
  /** The text is no grant: no CIDR range, IP address or host name, with or without a port. */
  | 'INVALID_GRANT';

/** Which part of a policy denied a connection. */
export type EgressDenialReason =
  /** The host is not on the allow-list. */
  | 'host-not-allowed'
  /** The host is on the allow-list, but not for this scheme and port. */
  | 'port-not-allowed'
  /** The pod's allow-list has it, the operator's ceiling has not. */
  | 'above-ceiling'
  /** The host (or what was given for one of its addresses) cannot be read. */
  | 'invalid-host'
  /** One of the host's addresses needs a grant that the policy does not have, or is never contacted. */
  | 'address-not-allowed';

/** What an {@link EgressError} is about. */
export interface EgressErrorDetails {
  /** The host that was asked for, canonical where it could be read. */
  readonly host?: string;
  /** With `DENIED`. */
  readonly reason?: EgressDenialReason;
  readonly cause?: unknown;
}

/** The one error of this package, besides an abort's reason. Its message names the input and the remedy. */
export class EgressError extends Error {
  override readonly name = 'EgressError';
  readonly code: EgressErrorCode;
  readonly host?: string;
  readonly reason?: EgressDenialReason;
  constructor(code: EgressErrorCode, message: string, details: EgressErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    if (details.host !== undefined) this.host = details.host;
    if (details.reason !== undefined) this.reason = details.reason;
  }
}
