import { WasmBinaryError } from '../errors.ts';
import type { Component } from './component.ts';
import { type ComponentLimits, defaultComponentLimits } from './limits.ts';

/**
 * Reads a component whole and validates it, with bounds. Its core modules are read as far as their imports and exports
 * go: what is in their functions is left to the engine.
 *
 * Throws {@link WasmBinaryError}: `NOT_WASM`, `TRUNCATED`, `MALFORMED`, `INVALID`, `TOO_LARGE`, `UNSUPPORTED`.
 */
export function parseComponent(bytes: Uint8Array, limits: Partial<ComponentLimits> = {}): Component {
  const bounds = { ...defaultComponentLimits, ...limits };
  if (bytes.length > bounds.maxBytes) {
    throw new WasmBinaryError('TOO_LARGE', `${bytes.length} bytes; at most ${bounds.maxBytes} are read`, 0);
  }
  throw new WasmBinaryError('UNSUPPORTED', 'components are not read yet', 0);
}
