/**
 * Runs untrusted WASI command modules (preview1 and `wasi_unstable`) in processes of their own. Start with
 * {@link createRuntime}; how to add imports to guests is in `@wasmlet/wasm-runtime/host`.
 *
 * @packageDocumentation
 */
export { createRuntime } from './isolation/runtime.ts';
export type { RuntimeOptions } from './isolation/runtime.ts';
export { RuntimeError } from './errors.ts';
export type { RuntimeErrorCode } from './errors.ts';
export type {
  AbortOptions,
  Guest,
  GuestExit,
  GuestOutcome,
  GuestReport,
  KillReason,
  Sandbox,
  SandboxSpec,
  TrapFrame,
  TrapKind,
  WasmRuntime,
} from './isolation/guest.ts';
export type {
  EntryArgument,
  GuestDiagnostics,
  GuestLimits,
  GuestInputFile,
  GuestListener,
  GuestMount,
  GuestOutput,
  GuestSpec,
  Isolation,
} from './isolation/guest-spec.ts';
export type { GuestStats, SystemStats } from './isolation/guest-stats.ts';
export type { UserRange } from './isolation/sandbox-users.ts';
export type { ThreadCounts } from './isolation/thread/thread-places.ts';
