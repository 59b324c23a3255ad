import type { EgressDenialReason } from './errors.ts';

/** A connection that was not made, as JSON that guests' hosts report. */
export interface EgressDenial {
  readonly kind: 'egress-denied';
  /** As the guest has asked for it, cut to a sane length. */
  readonly host: string;
  readonly reason: EgressDenialReason;
  /** For people, with the remedy. */
  readonly message: string;
}

/** Makes one of a verdict, or of an `EgressError` with a reason. */
export function egressDenial(
  host: string,
  { reason, message }: { readonly reason: EgressDenialReason; readonly message: string },
): EgressDenial {
  return { kind: 'egress-denied', host: host.slice(0, maxHostCharacters), reason, message };
}

/** Longest host that a report may name; a guest's may be longer. */
const maxHostCharacters = 255;
