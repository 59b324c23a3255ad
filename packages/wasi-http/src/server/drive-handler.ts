import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { denyAll } from '@wasmlet/egress';
import { type DriveContext, type Driver, RuntimeError, trapMessage } from '@wasmlet/wasm-runtime/host';
import { createOutgoingHandler } from '../outgoing/outgoing-handler.ts';
import { defaultTimeouts } from '../policy/config.ts';
import type { IncomingHandlerConfig } from '../policy/incoming-handler-use.ts';
import type { ServerReport } from '../policy/server-report.ts';
import type { RequestRecord } from './engine.ts';
import { createHttpServer, type Listeners } from './http-server.ts';
import { handlerLimits } from './limits.ts';
import { type Handler, openHandler } from './open-handler.ts';
import { accessLine, createRequestLog } from './request-log.ts';

/**
 * Serves with a component: listens at once, and answers when the component has been joined to its hosts. Rejects with a
 * `RuntimeError` `CANNOT_LISTEN`.
 */
export async function driveHandler(context: DriveContext): Promise<Driver> {
  const { waiting, stopping } = context;
  const config = context.config as IncomingHandlerConfig;
  const report = (told: ServerReport): void => context.report(told);
  const { promise: ended, resolve: onEnded, reject: onFailed } = Promise.withResolvers<void>();
  ended.catch(() => {}); // the guest host hears of it
  const { promise: begun, resolve: onBegun } = Promise.withResolvers<Listeners>();
  let answers: Listeners = {
    listener: (...request) => void begun.then(({ listener }) => listener(...request)),
    stream: (...request) => void begun.then(({ stream }) => stream(...request)),
  };

  const serving = createHttpServer(
    {
      listener: (request, response) => answers.listener(request, response),
      stream: (...request) => answers.stream(...request),
    },
    { limits: handlerLimits(config.limits) },
  );
  const { server } = serving;
  context.onEnd(() => serving.destroy());
  await listen(server, config);
  server.on('error', onFailed);

  const stop = async (handler: Handler, stats: StatsReports): Promise<void> => {
    await serving.drain();
    await handler[Symbol.asyncDispose]();
    stats.end();
  };
  return {
    ended,
    begin(component) {
      const outgoing = createOutgoingHandler({
        policy: denyAll,
        timeouts: defaultTimeouts,
        maxRequests: 1,
        onDenied: undefined,
      });
      const handler = openHandler({
        // Of several the first counts: requests go out as another host module has it, if there is one.
        open: (http) => ({
          ...component.link((given) => [http, ...given, outgoing.interface]),
          close() {},
        }),
        limits: config.limits,
        reuse: config.reuse,
        waiting,
        onRequest: recorder(context, config),
      });
      answers = handler;
      onBegun(handler);
      const { address: host, port } = server.address() as AddressInfo;
      report({ kind: 'http-serving', host, port });
      const stats = reportStats(handler, config.statsMs, report);
      const end = (): void => void stop(handler, stats).then(onEnded, onFailed);
      if (stopping.aborted) end();
      else stopping.addEventListener('abort', end, { once: true });
    },
  };
}

async function listen(server: Server, { host, port }: IncomingHandlerConfig): Promise<void> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (cause) {
    throw new RuntimeError('CANNOT_LISTEN', `cannot listen on ${host}:${port}: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** What is written of a request at its end: its line, and the trap, if there was one. */
function recorder(
  { stdout, stderr }: DriveContext,
  { accessLog }: IncomingHandlerConfig,
): (record: RequestRecord) => void {
  const lines = createRequestLog(stdout);
  const traps = createRequestLog(stderr);
  return (record) => {
    if (accessLog) lines.write(accessLine(record));
    if (record.ending !== 'trapped') return;
    const { method, pathWithQuery, trap } = record;
    traps.write(`${JSON.stringify(`${method} ${pathWithQuery}`)}: ${trapMessage(trap)}`);
  };
}

interface StatsReports {
  /** Tells the last ones. */
  end(): void;
}

function reportStats(
  handler: Handler,
  everyMs: number | null,
  report: (told: ServerReport) => void,
): StatsReports {
  if (everyMs === null) return { end() {} };
  let told = '';
  const tell = (): void => {
    const stats = handler.stats();
    const text = JSON.stringify(stats);
    if (text === told) return;
    told = text;
    report({ kind: 'http-stats', stats });
  };
  const timer = setInterval(tell, everyMs).unref();
  return {
    end() {
      clearInterval(timer);
      tell();
    },
  };
}
