import { WasmBinaryError } from './errors.ts';
import { type BinaryLimits, defaultLimits } from './limits.ts';
import { type ComponentDescription, readComponent, type WitPackageDescription } from './read-component.ts';
import { type ModuleDescription, readModule } from './read-module.ts';
import { sniffWasm } from './sniff-wasm.ts';

/** What a binary says of itself, by its kind. */
export type WasmDescription = ModuleDescription | ComponentDescription | WitPackageDescription;

/**
 * What a binary is, and what it imports and exports. Reads the structure with bounds and compiles nothing, so
 * it may be used on foreign bytes in a process that has something to lose.
 *
 * Throws {@link WasmBinaryError}: `NOT_WASM`, `TRUNCATED`, `MALFORMED`, `TOO_LARGE`.
 */
export function describeWasm(bytes: Uint8Array, limits: Partial<BinaryLimits> = {}): WasmDescription {
  const bounds = { ...defaultLimits, ...limits };
  if (bytes.length > bounds.maxBytes) {
    throw new WasmBinaryError('TOO_LARGE', `${bytes.length} bytes; at most ${bounds.maxBytes} are read`, 0);
  }
  switch (sniffWasm(bytes)) {
    case 'module':
      return readModule(bytes, bounds);
    case 'component':
      return readComponent(bytes, bounds);
    case 'not-wasm':
      throw new WasmBinaryError('NOT_WASM', 'the bytes do not begin with \\0asm and a known version', 0);
  }
}
