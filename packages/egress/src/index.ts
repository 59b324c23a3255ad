/**
 * Who may connect where: allow-lists of hosts, classes of addresses, and a guard that resolves, checks and pins.
 * Start with {@link createEgressGuard}.
 *
 * @packageDocumentation
 */
export { createEgressGuard } from './egress-guard.ts';
export type { EgressGuard, EgressGuardOptions } from './egress-guard.ts';
export type { EgressVerdict } from './verdict.ts';
export type { EgressEndpoint, EgressScheme } from './endpoint.ts';
export { egressDenial } from './denial.ts';
export type { EgressDenial } from './denial.ts';
export { denyAll } from './policy.ts';
export type { EgressPolicy } from './policy.ts';
export { classifyAddress } from './address-class.ts';
export type { AddressClass } from './address-class.ts';
export { canonicalHost } from './canonical-host.ts';
export type { Resolve, ResolvedAddress } from './resolve-host.ts';
export { EgressError } from './errors.ts';
export type { EgressDenialReason, EgressErrorCode, EgressErrorDetails } from './errors.ts';
