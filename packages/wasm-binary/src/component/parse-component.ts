import { WasmBinaryError } from '../errors.ts';
import type { Component } from './component.ts';
import { type ComponentLimits, defaultComponentLimits } from './limits.ts';
import { readComponentBody } from './read-component-body.ts';
import { createReading } from './reading.ts';
import { sniffWasm } from '../sniff-wasm.ts';

/**
 * Reads a component whole and validates it, in time and memory that its size bounds. Its core modules are read as far as
 * their imports and exports go: what is in their functions is left to the engine.
 *
 * Throws {@link WasmBinaryError}: `NOT_WASM`, `TRUNCATED`, `MALFORMED`, `INVALID`, `TOO_LARGE`, `UNSUPPORTED`.
 */
export function parseComponent(bytes: Uint8Array, limits: Partial<ComponentLimits> = {}): Component {
  const bounds = { ...defaultComponentLimits, ...limits };
  if (bytes.length > bounds.maxBytes) {
    throw new WasmBinaryError('TOO_LARGE', `${bytes.length} bytes; at most ${bounds.maxBytes} are read`, 0);
  }
  if (sniffWasm(bytes) !== 'component') {
    throw new WasmBinaryError('NOT_WASM', 'the bytes do not begin as a component does', 0);
  }
  return readComponentBody(bytes, { start: 0, end: bytes.length }, createReading(bounds));
}
