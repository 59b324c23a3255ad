import { exportedSignature, type SignatureType, WasmBinaryError } from '@wasmlet/wasm-binary';
import type { EntryArgument } from '@wasmlet/wasm-runtime';
import { UsageError } from '../errors.ts';

/**
 * The arguments of a command line as the numbers that a function takes; `undefined` where they are the program's argv: for `_start`, and for
 * functions that take nothing. Throws {@link UsageError} for too few, too many, and functions that take something else.
 */
export function argumentsOf(
  { name, bytes }: { readonly name: string; readonly bytes: Uint8Array },
  entry: string | undefined,
  args: readonly string[],
): readonly EntryArgument[] | undefined {
  const params = entry === undefined ? [] : paramsOf(bytes, entry);
  if (params.length === 0) return undefined;
  const shown = `${entry}(${params.join(', ')}) of ${name}`;
  if (args.length !== params.length) {
    throw new UsageError(`${shown} takes ${params.length} arguments; there are ${args.length}.`);
  }
  return params.map((type, at) => {
    if (type === 'other')
      throw new UsageError(`${shown} takes what is no number, and cannot be called from here.`);
    return [type, args[at] ?? ''];
  });
}

/** None for what is no module: the runtime says what is wrong with it. */
function paramsOf(bytes: Uint8Array, entry: string): readonly SignatureType[] {
  try {
    return exportedSignature(bytes, entry)?.params ?? [];
  } catch (error) {
    if (error instanceof WasmBinaryError) return [];
    throw error;
  }
}
