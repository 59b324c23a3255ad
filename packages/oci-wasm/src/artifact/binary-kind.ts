import { describeWasm, sniffWasm, WasmBinaryError, type WasmDescription } from '@wasmlet/wasm-binary';
import type { Descriptor } from '../content/descriptor.ts';
import type { AbortOptions, ContentReader } from '../content/target.ts';
import { collect } from '../content/verified.ts';
import { OciError } from '../errors.ts';

export type BinaryKind = WasmDescription['kind'];

/** What the binary of an artifact is; `undefined` when it is no WebAssembly. A module is known by its first bytes. */
export async function binaryKind(
  from: ContentReader,
  layer: Descriptor,
  abort: AbortOptions,
): Promise<BinaryKind | undefined> {
  const head = await firstBytes(from.read(layer, abort));
  if (sniffWasm(head) !== 'component') return kindOfBinary(head);
  return kindOfBinary(await collect(from.read(layer, abort), layer.size, tooLarge));
}

/** As {@link binaryKind}, for bytes that are at hand. */
export function kindOfBinary(bytes: Uint8Array): BinaryKind | undefined {
  const sniffed = sniffWasm(bytes);
  if (sniffed === 'not-wasm') return undefined;
  return sniffed === 'module' ? 'module' : (describeComponent(bytes)?.kind ?? 'component');
}

/** Names of a component, where it can be read. */
export function describeComponent(
  bytes: Uint8Array,
): Exclude<WasmDescription, { kind: 'module' }> | undefined {
  try {
    const description = describeWasm(bytes);
    return description.kind === 'module' ? undefined : description;
  } catch (error) {
    if (error instanceof WasmBinaryError) return undefined;
    throw error;
  }
}

/** Magic and version. */
const headerBytes = 8;

export async function firstBytes(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  let head = new Uint8Array();
  for await (const chunk of source) {
    head = Buffer.concat([head, chunk.subarray(0, headerBytes - head.length)]);
    if (head.length === headerBytes) break;
  }
  return head;
}

function tooLarge(): OciError {
  return new OciError('SIZE_MISMATCH', 'the layer is longer than its descriptor says');
}
