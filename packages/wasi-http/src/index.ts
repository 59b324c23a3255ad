/**
 * HTTP for WebAssembly guests: components that serve it, and requests of guests under an egress policy. This entry is for
 * the application.
 *
 * @packageDocumentation
 */
export { createHandler } from './create-handler.ts';
export type { Handler, HandlerOptions } from './create-handler.ts';
export { serveComponent } from './serve-component.ts';
export type { ServeOptions, ServedComponent } from './serve-component.ts';
export type { HandlerLimits } from './server/limits.ts';
export type { HandlerStats } from './server/counters.ts';
export type { RequestRecord } from './server/engine.ts';
export { experimentalHttp, experimentalHttpUrl } from './policy/experimental-http-use.ts';
export type { ExperimentalHttpOptions } from './policy/experimental-http-use.ts';
export type { HttpTimeouts } from './policy/config.ts';
export { HandlerError, HttpPolicyError } from './errors.ts';
export type { HandlerErrorCode, HttpPolicyErrorCode } from './errors.ts';
