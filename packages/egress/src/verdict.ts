import type { EgressDenialReason } from './errors.ts';

/** Whether a connection may be made, and if not, why not. */
export type EgressVerdict =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly reason: EgressDenialReason; readonly message: string };

export const allowed: EgressVerdict = { allowed: true };

export function denied(reason: EgressDenialReason, message: string): EgressVerdict {
  return { allowed: false, reason, message };
}
