import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createHandler, type Handler, type HandlerOptions } from './create-handler.ts';
import { createHttpServer, type HttpServerOptions } from './server/http-server.ts';
import { handlerLimits } from './server/limits.ts';

export interface ServeOptions extends HandlerOptions, Omit<HttpServerOptions, 'limits'> {
  /** @default '127.0.0.1' */
  readonly host?: string;
  /** @default one that is free */
  readonly port?: number;
}

/** A component behind a server of its own. */
export interface ServedComponent extends AsyncDisposable, Pick<Handler, 'stats'> {
  readonly address: AddressInfo;
  /**
   * Accepts no more connections, answers what comes on those that are open, and cuts what is still open after `graceMs`
   * (milliseconds).
   * @default 30_000
   */
  stop(options?: { readonly graceMs?: number }): Promise<void>;
}

/** Serves a component on an address. Rejects with what listening there fails with, and as {@link createHandler} throws. */
export async function serveComponent(
  component: Uint8Array,
  options: ServeOptions = {},
): Promise<ServedComponent> {
  const { host = '127.0.0.1', port = 0, keepAliveMs, headersMs, maxConnections, ...rest } = options;
  const handler = createHandler(component, rest);
  const serving = createHttpServer(handler, {
    limits: handlerLimits(rest.limits ?? {}),
    ...(keepAliveMs === undefined ? {} : { keepAliveMs }),
    ...(headersMs === undefined ? {} : { headersMs }),
    ...(maxConnections === undefined ? {} : { maxConnections }),
  });
  const { server } = serving;
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    await handler[Symbol.asyncDispose]();
    throw error;
  }
  let stopped: Promise<void> | undefined;
  const stop = ({ graceMs = 30_000 } = {}): Promise<void> => {
    stopped ??= serving.drain(graceMs).then(() => handler[Symbol.asyncDispose]());
    return stopped;
  };
  return {
    address: server.address() as AddressInfo,
    stats: () => handler.stats(),
    stop,
    [Symbol.asyncDispose]: () => stop(),
  };
}
