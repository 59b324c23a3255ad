/**
 * Outbound HTTP for WebAssembly guests, under an egress policy. This entry is for the application: it makes the
 * policy; what enforces it is loaded in the guest's own process. Components that serve HTTP have an entry of their own,
 * `@wasmlet/wasi-http/serve`, since it loads what runs them.
 *
 * @packageDocumentation
 */
export { experimentalHttp, experimentalHttpUrl } from './policy/experimental-http-use.ts';
export type { ExperimentalHttpOptions } from './policy/experimental-http-use.ts';
export type { HttpTimeouts } from './policy/config.ts';
export { HttpPolicyError } from './errors.ts';
export type { HttpPolicyErrorCode } from './errors.ts';
