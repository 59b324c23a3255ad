import { createEgressGuard, type EgressDenial, type EgressPolicy } from '@wasmlet/egress';
import type { GuestView, HostInterface } from '@wasmlet/wasm-runtime/host';
import { type HttpTimeouts, maxTimeoutMs } from '../policy/config.ts';
import { denialOf } from '../policy/denial-of.ts';
import { HttpFailure, storeErrorCode } from '../types/error-code.ts';
import { httpVersion } from '../types/http-types.ts';
import {
  type FutureResponse,
  futureResponse,
  type OutgoingRequest,
  outgoingRequest,
  type RequestOptions,
  requestOptions,
} from '../types/resources.ts';
import { failureOf } from './failure-of.ts';
import type { OutgoingClient } from './outgoing-client.ts';
import type { SendOptions } from './outgoing-exchange.ts';
import { PendingResponse } from './pending-response.ts';
import { createRequestTargets } from './request-target.ts';

export interface OutgoingOptions {
  readonly policy: EgressPolicy;
  /** The longest of each; a guest's own are shorter. */
  readonly timeouts: HttpTimeouts;
  /** Requests whose responses have not come whole that there may be at once; each has a connection. */
  readonly maxRequests: number;
  /** Most bytes of a request's body, and of a response's. @default no limit */
  readonly maxBodyBytes?: number | undefined;
  /** Is told of each request that the policy does not allow. */
  readonly onDenied: ((denial: EgressDenial) => void) | undefined;
}

/** `wasi:http/outgoing-handler`: requests of one guest, or of all instances of one component. */
export interface OutgoingHandler {
  readonly interface: HostInterface;
  /** Ends all connections. */
  close(): Promise<void>;
}

export function createOutgoingHandler(options: OutgoingOptions): OutgoingHandler {
  const { policy, timeouts, maxRequests, maxBodyBytes, onDenied } = options;
  const guard = createEgressGuard(policy);
  const targetOf = createRequestTargets(guard);
  let loading: Promise<OutgoingClient> | undefined;
  let ready: OutgoingClient | undefined;
  let running = 0;

  /** undici is loaded by the first request. */
  const load = async (): Promise<OutgoingClient> => {
    const { createOutgoingClient } = await import('./outgoing-client.ts');
    ready = createOutgoingClient(guard, timeouts.connectMs);
    return ready;
  };

  const tellDenied = (failure: HttpFailure, host: string): void => {
    const denial = denialOf(failure, host);
    if (denial !== undefined) onDenied?.(denial);
  };

  const send = (request: OutgoingRequest, asked: RequestOptions | undefined): FutureResponse => {
    if (running >= maxRequests) throw new HttpFailure({ code: 'connection-limit-reached' });
    const target = targetOf(request);
    running += 1;
    const pending = new PendingResponse();
    const fail = (failure: HttpFailure): void => {
      request.body?.fail(failure);
      tellDenied(failure, target.hostname);
      pending.settle(failure);
    };
    const onEnd = (): void => void (running -= 1);
    const sendOptions: SendOptions = {
      timeouts: asked === undefined ? timeouts : shortest(timeouts, asked),
      maxBodyBytes,
      onOutcome: (outcome) => (outcome instanceof HttpFailure ? fail(outcome) : pending.settle(outcome)),
      onEnd,
    };
    const sendBy = (client: OutgoingClient): void => {
      const exchange = client.send(request, target, sendOptions);
      pending.cancelBy((failure) => exchange.cancel(failure));
    };
    if (ready !== undefined) {
      sendBy(ready);
      return pending;
    }
    loading ??= load();
    loading
      .then((client) => {
        if (pending.dropped) throw new HttpFailure({ code: 'connection-terminated' });
        sendBy(client);
      })
      .catch((error: unknown) => {
        onEnd();
        fail(failureOf(error));
      });
    return pending;
  };

  const handle =
    (guest: GuestView) =>
    (handleOfRequest: number, hasOptions: number, handleOfOptions: number, out: number): void => {
      const at = guest.check(out, 40, 8);
      const request = guest.handles.take(outgoingRequest, handleOfRequest);
      const asked = hasOptions === 0 ? undefined : guest.handles.take(requestOptions, handleOfOptions);
      try {
        const sent = guest.handles.insert(futureResponse, send(request, asked));
        guest.bytes()[at] = 0;
        guest.view().setInt32(at + 8, sent, true);
      } catch (error) {
        if (!(error instanceof HttpFailure)) throw error;
        request.body?.fail(error);
        tellDenied(error, request.authority ?? '');
        guest.bytes()[at] = 1;
        storeErrorCode(guest, at + 8, error.detail);
      }
    };

  return {
    interface: {
      name: 'wasi:http/outgoing-handler',
      version: httpVersion,
      functions: { handle: { type: '(i32 i32 i32 i32) -> ()', waits: false, bind: handle } },
    },
    async close() {
      await (await loading)?.destroy();
    },
  };
}

function shortest(most: HttpTimeouts, asked: RequestOptions): HttpTimeouts {
  return {
    connectMs: shorter(most.connectMs, asked.connectTimeout),
    headersMs: shorter(most.headersMs, asked.firstByteTimeout),
    bodyIdleMs: shorter(most.bodyIdleMs, asked.betweenBytesTimeout),
  };
}

function shorter(limit: number, nanoseconds: bigint | undefined): number {
  return nanoseconds === undefined
    ? limit
    : Math.min(limit, maxTimeoutMs, Math.ceil(Number(nanoseconds) / 1e6));
}
