import { createEgressGuard, type EgressPolicy } from '@wasmlet/egress';
import type { HostModuleUse } from '@wasmlet/wasm-runtime/host';
import type { HttpConfig } from './config.ts';
import { checkedLimits, type HttpLimits } from './http-limits.ts';

/** Options of {@link outgoingHttp}: an egress policy, and limits. */
export interface OutgoingHttpOptions extends EgressPolicy, HttpLimits {}

/** `file:` URL of the host module: what a runtime's `hostModules` must list before {@link outgoingHttp} can be used. */
export const outgoingHttpUrl: string = import.meta.resolve('@wasmlet/wasi-http/outgoing-http');

/**
 * Lets a component that is a command import `wasi:http/outgoing-handler`, and contact what the policy allows. Pure: nothing
 * is opened, resolved or contacted.
 *
 * @throws `EgressError` for an entry of the policy that cannot be read, `HttpPolicyError` for a limit.
 */
export function outgoingHttp(options: OutgoingHttpOptions): HostModuleUse {
  const { allowedHosts, grants, ceiling, guarded } = options;
  const policy: EgressPolicy = {
    allowedHosts,
    grants,
    ...(ceiling === undefined ? {} : { ceiling }),
    ...(guarded === undefined ? {} : { guarded }),
  };
  createEgressGuard(policy);
  const config: HttpConfig = { ...policy, ...checkedLimits(options) };
  return { url: outgoingHttpUrl, contract: 1, config };
}
