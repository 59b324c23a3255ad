/**
 * Components that serve HTTP, in this process. Start with {@link createHandler}, or with {@link serveComponent} where there is
 * no server yet.
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
export type { HttpTimeouts } from './policy/config.ts';
export { HandlerError } from './errors.ts';
export type { HandlerErrorCode } from './errors.ts';
