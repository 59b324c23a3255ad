import { capMemory, describeWasm, sniffWasm, WasmBinaryError } from '@wasmlet/wasm-binary';
import { RuntimeError } from '../errors.ts';
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

/** Larger ones are refused before they are read. */
export const maxModuleBytes = 256 * 1024 * 1024;

/** A step between the bytes of a registry and the compiler. Pure; later passes (preemption, metering) join the list. */
type Pass = (bytes: Uint8Array, limits: GuestLimits) => Uint8Array;

const passes: readonly Pass[] = [
  (bytes, { memoryBytes }) => (memoryBytes === undefined ? bytes : capMemory(bytes, memoryBytes)),
];

/**
 * Validates a module with bounded readers and rewrites it to its limits, without compiling it.
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
    return { kind: 'ready', bytes: passes.reduce((done, pass) => pass(done, limits), bytes), namespaces };
  } catch (cause) {
    if (!(cause instanceof WasmBinaryError)) throw cause;
    if (cause.code === 'MEMORY_LIMIT') return { kind: 'out-of-memory', message: cause.message };
    throw new RuntimeError('INVALID_MODULE', `${name}: ${cause.message}`, { cause });
  }
}
