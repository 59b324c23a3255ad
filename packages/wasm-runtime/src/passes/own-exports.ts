import { growthRefusedExport } from '@wasmlet/wasm-binary';

/** Whether the last growth of a memory that a guest asked for was refused; false where nobody has watched it. */
export function growthRefused(exports: WebAssembly.Exports): boolean {
  const flag = exports[growthRefusedExport];
  return flag instanceof WebAssembly.Global && flag.value === 1;
}

/** The names that a module exports itself, without those that passes have added. */
export function withoutOwnExports(names: readonly string[]): readonly string[] {
  return names.filter((name) => name !== growthRefusedExport);
}
