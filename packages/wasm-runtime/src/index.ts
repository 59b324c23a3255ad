export { RuntimeError } from './errors.ts';
export type { RuntimeErrorCode } from './errors.ts';
export type {
  AbortOptions,
  Guest,
  GuestExit,
  GuestReport,
  KillReason,
  Sandbox,
  SandboxSpec,
  TrapKind,
  WasmRuntime,
} from './isolation/guest.ts';
export type { GuestLimits, GuestMount, GuestOutput, GuestSpec } from './isolation/guest-spec.ts';
