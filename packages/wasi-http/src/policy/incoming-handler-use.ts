import type { HostModuleUse } from '@wasmlet/wasm-runtime/host';
import { HandlerError } from '../errors.ts';
import { type HandlerLimits, handlerLimits } from '../server/limits.ts';

/** Options of {@link incomingHandler}. */
export interface IncomingHandlerOptions {
  /** Address of this machine. @default '127.0.0.1' */
  readonly host?: string;
  /** 0: one that is free, which a {@link ServerReport} tells. */
  readonly port: number;
  /**
   * Requests that one instance answers, one after the other. With more than 1 a request may see what earlier ones have left in
   * the component's memory. @default 1: an instance for each request
   */
  readonly reuse?: number;
  /**
   * How the component waits. `sync` is faster, for one that waits for nothing but its own response to be taken, with its output in
   * a log: a request's body is received whole before, and its response held (each at most 16 MiB). @default 'suspend'
   */
  readonly waiting?: 'sync' | 'suspend';
  readonly limits?: Partial<HandlerLimits>;
  /** Writes a line for each request to the guest's stdout. @default false */
  readonly accessLog?: boolean;
  /** How often counters are reported while they change, in milliseconds. @default never */
  readonly statsMs?: number;
}

/** What travels to the guest's process, as JSON. */
export interface IncomingHandlerConfig {
  readonly host: string;
  readonly port: number;
  readonly reuse: number;
  readonly limits: Partial<HandlerLimits>;
  readonly accessLog: boolean;
  readonly statsMs: number | null;
}

/** `file:` URL of the host module: what a runtime's `hostModules` must list before {@link incomingHandler} can be used. */
export const incomingHandlerUrl: string = import.meta.resolve('@wasmlet/wasi-http/incoming-handler');

/** The interface that makes a component a server. */
export const incomingHandlerInterface = 'wasi:http/incoming-handler';

/**
 * Serves with a component that exports `wasi:http/incoming-handler`: its guest listens itself, and ends when it was stopped and all is
 * answered. What it sends requests with is {@link outgoingHttp}'s; without that it may contact nobody. Pure: nothing is opened.
 *
 * @throws {@link HandlerError} `INVALID_OPTION` naming the option.
 */
export function incomingHandler(options: IncomingHandlerOptions): HostModuleUse {
  const {
    host = '127.0.0.1',
    port,
    reuse = 1,
    waiting = 'suspend',
    limits = {},
    accessLog = false,
    statsMs,
  } = options;
  handlerLimits(limits);
  check('port', port, port >= 0 && port <= 65_535);
  check('reuse', reuse, reuse >= 1);
  if (statsMs !== undefined) check('statsMs', statsMs, statsMs >= 1);
  const config: IncomingHandlerConfig = {
    host,
    port,
    reuse,
    limits: Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== Infinity)),
    accessLog,
    statsMs: statsMs ?? null,
  };
  const drives = { interface: incomingHandlerInterface, waiting, longLived: reuse > 1 };
  return { url: incomingHandlerUrl, contract: 1, config, drives };
}

function check(name: string, value: number, isFine: boolean): void {
  if (isFine && Number.isSafeInteger(value)) return;
  throw new HandlerError('INVALID_OPTION', `option ${name} ${value} is not a whole number that it can be`);
}
