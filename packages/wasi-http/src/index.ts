/**
 * Outbound HTTP for WebAssembly guests, under an egress policy. This entry is for the application: it makes the
 * policy; what enforces it is loaded in the guest's own process. Components that serve HTTP have an entry of their own,
 * `@wasmlet/wasi-http/serve`, since it loads what runs them.
 *
 * @packageDocumentation
 */
export { experimentalHttp, experimentalHttpUrl } from './policy/experimental-http-use.ts';
export type { ExperimentalHttpOptions } from './policy/experimental-http-use.ts';
export { outgoingHttp, outgoingHttpUrl } from './policy/outgoing-http-use.ts';
export type { OutgoingHttpOptions } from './policy/outgoing-http-use.ts';
export {
  incomingHandler,
  incomingHandlerInterface,
  incomingHandlerUrl,
} from './policy/incoming-handler-use.ts';
export type { IncomingHandlerOptions } from './policy/incoming-handler-use.ts';
export { readServerReport } from './policy/server-report.ts';
export type { ServerReport } from './policy/server-report.ts';
export type { HandlerLimits } from './server/limits.ts';
export type { HandlerStats } from './server/counters.ts';
export type { HttpLimits } from './policy/http-limits.ts';
export type { HttpTimeouts } from './policy/config.ts';
export { HandlerError, HttpPolicyError } from './errors.ts';
export type { HandlerErrorCode, HttpPolicyErrorCode } from './errors.ts';
