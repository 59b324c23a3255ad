import { describeWasm, type MemoryType, sniffWasm, WasmBinaryError } from '@wasmlet/wasm-binary';
import { RuntimeError } from '../errors.ts';
import { defaultModuleLimits } from '../passes/module-limits.ts';
import type { GuestLimits } from './guest-spec.ts';

export type PreparedModule =
  | {
      readonly kind: 'ready';
      readonly bytes: Uint8Array;
      /** Namespaces of its imports. */
      readonly namespaces: ReadonlySet<string>;
    }
  /** Its declared memory does not fit: it would end at once, out of memory. */
  | { readonly kind: 'out-of-memory'; readonly message: string };

/**
 * Looks at a module with bounded readers, without compiling it: where it imports from, and whether its memory fits at all.
 * What needs a look at its code is done where it will be compiled ({@link rewriteModule}).
 *
 * Throws {@link RuntimeError}: `NOT_WASM`, `IS_COMPONENT`, `INVALID_MODULE`.
 */
export function prepareModule(name: string, bytes: Uint8Array, limits: GuestLimits): PreparedModule {
  const kind = sniffWasm(bytes);
  if (kind === 'not-wasm') {
    throw new RuntimeError('NOT_WASM', `${name} is no WebAssembly: it does not begin with \\0asm`);
  }
  if (kind === 'component') {
    throw new RuntimeError('IS_COMPONENT', `${name} is a component; only core modules run here`);
  }
  const { maxModuleBytes = defaultModuleLimits.maxModuleBytes } = limits;
  if (bytes.length > maxModuleBytes) {
    throw new RuntimeError(
      'INVALID_MODULE',
      `${name} has ${bytes.length} bytes; at most ${maxModuleBytes} are run`,
    );
  }
  try {
    const description = describeWasm(bytes);
    if (description.kind !== 'module') throw new RuntimeError('IS_COMPONENT', `${name} is no core module`);
    const namespaces = new Set(description.imports.map(({ module }) => module));
    const excess = memoryExcess(description.memories, limits.memoryBytes);
    return excess === undefined
      ? { kind: 'ready', bytes, namespaces }
      : { kind: 'out-of-memory', message: excess };
  } catch (cause) {
    if (!(cause instanceof WasmBinaryError)) throw cause;
    throw new RuntimeError('INVALID_MODULE', `${name}: ${cause.message}`, { cause });
  }
}

const pageBytes = 64 * 1024;

/** By how much a module's own memories are too large from the beginning, in words. */
function memoryExcess(memories: readonly MemoryType[], limit: number | undefined): string | undefined {
  if (limit === undefined) return undefined;
  const declared = memories.reduce((sum, { imported, minPages }) => sum + (imported ? 0 : minPages), 0);
  const allowed = Math.floor(limit / pageBytes);
  return declared > allowed
    ? `the module declares ${declared} pages of 64 KiB of memory; its limit of ${limit} bytes allows ${allowed}`
    : undefined;
}
