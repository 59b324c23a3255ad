/** Tells a core module from a component by the first 8 bytes: magic, version and layer. */
export function sniffWasm(bytes: Uint8Array): 'module' | 'component' | 'not-wasm' {
  if (bytes.length < 8 || !magic.every((byte, index) => bytes[index] === byte)) return 'not-wasm';
  const [version, zero, layer, end] = bytes.subarray(4, 8);
  if (version === 1 && zero === 0 && layer === 0 && end === 0) return 'module';
  return layer === 1 && end === 0 ? 'component' : 'not-wasm';
}

const magic = [0x00, 0x61, 0x73, 0x6d] as const;
