import { type EgressDenial, egressDenial, EgressError } from '@wasmlet/egress';

/** What is to be told of an error, or of one in its causes, when it is that a policy did not allow a connection. */
export function denialOf(error: unknown, host: string): EgressDenial | undefined {
  let cause = error;
  for (let depth = 0; depth < maxCauses && cause instanceof Error; depth += 1) {
    if (cause instanceof EgressError && cause.reason !== undefined) {
      return egressDenial(cause.host ?? host, { reason: cause.reason, message: cause.message });
    }
    ({ cause } = cause);
  }
  return undefined;
}

const maxCauses = 4;
