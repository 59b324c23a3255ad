import type { TrapKind } from '../guest.ts';
import type { GuestEnd } from '../wire/messages.ts';

/** Ends a guest from inside a host call in a way that no guest can catch. */
export interface GuestExitSwitch {
  /** Remembers the code, then traps. */
  exit(code: number): never;
  readonly code: number | undefined;
}

/** (module (func (export "trap") unreachable)) */
const trapModule = Uint8Array.from(
  Buffer.from('0061736d01000000010401600000030201000708010474726170' + '00000a05010300000b', 'hex'),
);

/**
 * A JavaScript exception would be caught by a guest's `catch_all`; a wasm trap below the host call is not,
 * by the exception-handling proposal.
 */
export function createExitSwitch(): GuestExitSwitch {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(trapModule));
  const trap = exports['trap'] as () => never;
  let exitCode: number | undefined;
  return {
    exit(code) {
      exitCode ??= code;
      return trap();
    },
    get code() {
      return exitCode;
    },
  };
}

const trapMessages: readonly (readonly [pattern: RegExp, kind: TrapKind, text: string])[] = [
  [/^unreachable/, 'unreachable', 'wasm `unreachable` instruction executed'],
  [/^memory access out of bounds/, 'memory-out-of-bounds', 'out of bounds memory access'],
  [/^table index is out of bounds/, 'table-out-of-bounds', 'undefined element: out of bounds table access'],
  [/^null function or function signature mismatch/, 'indirect-call-mismatch', 'indirect call type mismatch'],
  [/^(divide|remainder) by zero/, 'integer-divide-by-zero', 'integer divide by zero'],
  [/^(divide result unrepresentable|float unrepresentable)/, 'integer-overflow', 'integer overflow'],
  [/^Maximum call stack size exceeded/, 'stack-overflow', 'call stack exhausted'],
];

/** What a guest's end was: its exit, or a trap in wasmtime's words with the wasm frames below. */
export function describeEnd(error: unknown, exitCode: number | undefined, memoryFull: boolean): GuestEnd {
  if (exitCode !== undefined) return { kind: 'exited', code: exitCode };
  if (!(error instanceof Error)) {
    return { kind: 'trapped', trap: 'other', message: 'wasm trap: uncaught exception', memoryFull };
  }
  const known = trapMessages.find(([pattern]) => pattern.test(error.message));
  const trap = known?.[1] ?? 'other';
  const text = known ? `wasm trap: ${known[2]}` : `wasm trap: ${error.message}`;
  return { kind: 'trapped', trap, message: `${text}${backtrace(error)}`, memoryFull };
}

const maxFrames = 20;

function backtrace(error: Error): string {
  const frames: string[] = [];
  for (const line of (error.stack ?? '').split('\n')) {
    const match = /^\s+at (?:(\S.*?) \()?wasm:\/\/wasm\/[^:]*:wasm-function\[(\d+)\]:(0x[0-9a-f]+)/.exec(
      line,
    );
    if (match)
      frames.push(`  ${frames.length}: ${match[3]} - <module>!${match[1] ?? `wasm-function[${match[2]}]`}`);
  }
  return frames.length === 0 ? '' : `\nwasm backtrace:\n${frames.slice(0, maxFrames).join('\n')}`;
}
