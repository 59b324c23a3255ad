import type { InboundBody } from '../bodies/inbound-body.ts';
import { createCounters, type HandlerStats } from './counters.ts';
import type { Exchange } from './exchange.ts';
import type { GuestInstance, GuestProgram } from './guest-program.ts';
import { createInstancePool } from './instance-pool.ts';
import type { HandlerLimits } from './limits.ts';
import { faultOf, type Served, serveRequest } from './serve-request.ts';

/** One line of an access log. */
export interface RequestRecord extends Served {
  readonly method: string;
  readonly pathWithQuery: string;
  readonly client: string | undefined;
  readonly durationMs: number;
}

export interface EngineOptions {
  readonly program: GuestProgram;
  readonly limits: HandlerLimits;
  /** Requests that one instance answers, one after the other. */
  readonly maxUses: number;
  readonly onRequest: ((record: RequestRecord) => void) | undefined;
}

/** Answers requests with a component. */
export interface Engine {
  /** Answers one; settles when the guest has done with it. Never rejects. */
  serve(exchange: Exchange): void | Promise<void>;
  stats(): HandlerStats;
  /** Takes no more requests; resolves when those that run have ended. */
  drain(): Promise<void>;
}

export function createEngine({ program, limits, maxUses, onRequest }: EngineOptions): Engine {
  const pool = createInstancePool(program, maxUses);
  const counters = createCounters();
  const idle = Promise.withResolvers<void>();
  let draining = false;

  const record = (exchange: Exchange, began: number, served: Served): void => {
    counters.requests += 1;
    if (served.status !== undefined) {
      const digit = Math.trunc(served.status / 100);
      counters.byClass[digit] = (counters.byClass[digit] ?? 0) + 1;
    }
    if (served.ending === 'trapped') counters.traps += 1;
    if (served.ending === 'timed-out') counters.timedOut += 1;
    if (served.ending === 'gone') counters.gone += 1;
    if (onRequest === undefined) return;
    const { method, pathWithQuery, client } = exchange;
    onRequest({ method, pathWithQuery, client, durationMs: performance.now() - began, ...served });
  };

  const refusal = (exchange: Exchange): readonly [status: number, text: string] | undefined => {
    if (exchange.isMalformed) return [400, 'the request is ambiguous'];
    if (exchange.pathWithQuery.length > limits.maxUrlBytes) return [414, 'the path is too long'];
    if (exchange.headerBytes > limits.maxHeaderBytes) return [431, 'the headers are too large'];
    if ((exchange.bodyLength ?? 0) > limits.maxBodyBytes) return [413, 'the body is too large'];
    if (draining) return [503, 'the server is stopping'];
    if (counters.active < limits.maxConcurrent) return undefined;
    counters.refused += 1;
    return [503, 'the server is busy'];
  };

  const finish = (exchange: Exchange, began: number, instance: GuestInstance, served: Served): void => {
    if (served.ending === 'answered') pool.giveBack(instance);
    else pool.discard(instance);
    ended(exchange, began, served);
  };

  /** The guest did not start. */
  const failed = (exchange: Exchange, began: number, error: unknown): void => {
    if (!exchange.reply.hasLeft) exchange.reply.answer(500, 'the handler could not be started');
    ended(exchange, began, { status: 500, bodyBytes: 0, ending: 'trapped', trap: error });
  };

  const ended = (exchange: Exchange, began: number, served: Served): void => {
    counters.active -= 1;
    record(exchange, began, served);
    if (draining && counters.active === 0) idle.resolve();
  };

  const run = (exchange: Exchange, began: number, body?: InboundBody): void | Promise<void> => {
    let instance: GuestInstance;
    try {
      instance = pool.take();
    } catch (error) {
      return failed(exchange, began, error);
    }
    const served = serveRequest(exchange, instance, limits.requestMs, body);
    if (!(served instanceof Promise)) return finish(exchange, began, instance, served);
    return served.then((how) => finish(exchange, began, instance, how));
  };

  /** For a guest that cannot wait for the body. */
  const receiveAndRun = async (exchange: Exchange, began: number): Promise<void> => {
    const body = exchange.receive(Number.POSITIVE_INFINITY);
    const late = await body.ended(AbortSignal.timeout(limits.requestMs)).then(
      () => false,
      () => true,
    );
    if (!late && body.outcome?.kind !== 'failed') return run(exchange, began, body);
    const fault = late ? ([504, 'the body took too long'] as const) : faultOf(body);
    if (fault !== undefined) exchange.reply.answer(fault[0], fault[1]);
    ended(exchange, began, {
      status: fault?.[0],
      bodyBytes: 0,
      ending: fault === undefined ? 'gone' : late ? 'timed-out' : 'answered',
    });
  };

  return {
    serve(exchange) {
      const began = onRequest === undefined ? 0 : performance.now();
      const refused = refusal(exchange);
      if (refused !== undefined) {
        const [status, text] = refused;
        exchange.reply.answer(status, text, status === 503 ? [['retry-after', '1']] : []);
        return record(exchange, began, { status, bodyBytes: 0, ending: 'answered' });
      }
      counters.active += 1;
      const comesFirst = program.waiting === 'sync' && exchange.bodyLength !== 0;
      return comesFirst ? receiveAndRun(exchange, began) : run(exchange, began);
    },
    stats: () => ({ ...counters, byClass: { ...counters.byClass }, instances: pool.started }),
    async drain() {
      draining = true;
      if (counters.active === 0) idle.resolve();
      await idle.promise;
      pool.close();
    },
  };
}
