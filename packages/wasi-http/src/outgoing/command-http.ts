import type { EgressDenial } from '@wasmlet/egress';
import type { HostInterface } from '@wasmlet/wasm-runtime/host';
import type { HttpConfig } from '../policy/config.ts';
import { httpTypes } from '../types/http-types.ts';
import { createOutgoingHandler } from './outgoing-handler.ts';

/** What a component that makes requests, and serves none, is linked with. */
export interface CommandHttp {
  readonly interfaces: readonly HostInterface[];
  /** Ends all connections. */
  close(): Promise<void>;
}

/** HTTP for one component, under its policy. */
export function commandHttp(
  { timeouts, maxConcurrentRequests, maxBodyBytes, ...policy }: HttpConfig,
  onDenied: (denial: EgressDenial) => void,
): CommandHttp {
  const outgoing = createOutgoingHandler({
    policy,
    timeouts,
    maxRequests: Math.min(maxConcurrentRequests ?? maxRequests, maxRequests),
    maxBodyBytes,
    onDenied,
  });
  return {
    interfaces: [httpTypes({ maxPendingBytes: () => maxPendingBytes }), outgoing.interface],
    close: () => outgoing.close(),
  };
}

const maxRequests = 1_024;
/** Of a response of its own, which it can make and send to nobody. */
const maxPendingBytes = 128 * 1024;
