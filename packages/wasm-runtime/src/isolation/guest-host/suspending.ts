import type { HostCall } from './observe-calls.ts';

/**
 * (module $wasmlet-calls
 *   (import "host" "now" (func (param i32 i32 i32 i32) (result i32)))
 *   (import "host" "later" (func (result i32)))
 *   (func (export "call") (param i32 i32 i32 i32) (result i32)
 *     (local.tee 0 (call 0 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
 *     (if (result i32) (i32.eq (i32.const -1)) (then (call 1)) (else (local.get 0)))))
 */
const callsModule = new WebAssembly.Module(
  Uint8Array.from(
    Buffer.from(
      '0061736d01000000010d0260047f7f7f7f017f6000017f02190204686f7374036e6f77000004686f7374056c6174657200010302010007' +
        '08010463616c6c00020a1b011900200020012002200310002200417f46047f10010520000b0b001e046e616d65000e0d7761736d6c' +
        '65742d63616c6c73020703000001000200',
      'hex',
    ),
  ),
);

/** In a line of a stack: a frame of a call by {@link suspendingData}, which is none of the guest's. */
export const ownFrame = 'wasm://wasm/wasmlet-calls-';
/** Instead of an errno: the answer is a promise. */
const later = -1;

/**
 * `fd_read` and `fd_write` for a guest that can be suspended. V8 needs ten times as long for a call that may suspend as for
 * one that may not: only what has to wait, which is seldom, is called so.
 */
export function suspendingData(call: HostCall): WebAssembly.ImportValue {
  const invoke = call as (...args: readonly number[]) => number | Promise<number>;
  let awaited: Promise<number> | undefined;
  const host = {
    now(fd: number, vectors: number, count: number, result: number): number {
      const answer = invoke(fd, vectors, count, result);
      if (typeof answer === 'number') return answer;
      awaited = answer;
      return later;
    },
    later: new WebAssembly.Suspending(() => {
      const answer = awaited;
      awaited = undefined;
      return answer;
    }),
  };
  const { exports } = new WebAssembly.Instance(callsModule, { host });
  return exports['call'] as WebAssembly.ImportValue;
}
