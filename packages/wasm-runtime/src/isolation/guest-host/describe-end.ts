import { isStackOverflow } from '../../preview1/host-call.ts';
import type { TrapKind } from '../guest.ts';
import { clip, type GuestEnd } from '../wire/messages.ts';
import { backtraceOf, showBacktrace } from './backtrace.ts';
import type { Ending } from './exit-switch.ts';
import { locateFrames } from './locate-frames.ts';

export interface EndDetails {
  /** Whether it was out of memory. */
  readonly memoryFull: boolean;
  /** What was compiled; absent for what no frame is of. */
  readonly module?: WebAssembly.Module;
}

/** What a guest's end was: its exit, or a trap in wasmtime's words with the wasm frames below. */
export function describeEnd(
  error: unknown,
  ending: Ending | undefined,
  { memoryFull, module }: EndDetails,
): GuestEnd {
  if (ending?.kind === 'exit') return { kind: 'exited', code: ending.code };
  const { trap, text } = ending ? describeFailure(ending.error) : describeTrap(error);
  const backtrace = module ? locateFrames(backtraceOf(error), module) : backtraceOf(error);
  const message = clip(`wasm trap: ${text}${showBacktrace(backtrace)}`);
  return { kind: 'trapped', trap, message, backtrace, memoryFull };
}

interface Description {
  readonly trap: TrapKind;
  readonly text: string;
}

function describeFailure(error: unknown): Description {
  if (isStackOverflow(error)) return describeTrap(error);
  // Of a component, for which a host function may trap: its own fault.
  if (error instanceof Error && error.name === 'ComponentTrap') return { trap: 'other', text: error.message };
  return {
    trap: 'other',
    text: `a host function failed: ${error instanceof Error ? error.message : String(error)}`,
  };
}

/** V8's words, the kind, wasmtime's words. */
const known: readonly (readonly [pattern: RegExp, kind: TrapKind, text: string])[] = [
  [/^unreachable/, 'unreachable', 'wasm `unreachable` instruction executed'],
  [/^memory access out of bounds/, 'memory-out-of-bounds', 'out of bounds memory access'],
  [/data segment .*out of bounds/, 'memory-out-of-bounds', 'out of bounds memory access'],
  [/table index is out of bounds/, 'table-out-of-bounds', 'undefined element: out of bounds table access'],
  [/element segment .*out of bounds/, 'table-out-of-bounds', 'out of bounds table access'],
  [/^(null function|function signature)/, 'indirect-call-mismatch', 'indirect call type mismatch'],
  [/^(divide|remainder) by zero/, 'integer-divide-by-zero', 'integer divide by zero'],
  [/^(divide result|float) unrepresentable/, 'integer-overflow', 'integer overflow'],
  [/^Maximum call stack size exceeded/, 'stack-overflow', 'call stack exhausted'],
];

function describeTrap(error: unknown): Description {
  // A thrown wasm exception, which is no Error, has neither words nor frames.
  if (!(error instanceof Error)) return { trap: 'other', text: 'uncaught exception' };
  const [, trap, text] = known.find(([pattern]) => pattern.test(error.message)) ?? [];
  return trap && text ? { trap, text } : { trap: 'other', text: error.message };
}
