import { describeWasm, sniffWasm, WasmBinaryError, type WasmDescription } from '@wasmlet/wasm-binary';
import type { AbortOptions, ContentReader } from '../content/target.ts';
import { lent } from '../content/lent.ts';
import { collect } from '../content/verified.ts';
import { OciError } from '../errors.ts';
import type { FoundFile } from '../rootfs/find-file.ts';
import { commandOf } from './image-config.ts';
import { findProgramFile } from './program-file.ts';
import type { WasmArtifact } from './wasm-artifact.ts';

/** What a WebAssembly binary is; a WIT package holds interface types and nothing that runs. */
export type BinaryKind = WasmDescription['kind'];

/**
 * What the binary of an artifact is; `not-wasm` when it is no WebAssembly, `unknown` for an image that does not say
 * which of its files is run. A module is known by its first bytes, and so is a component that is too large for a
 * WIT package.
 */
export async function binaryKind(
  from: ContentReader,
  artifact: WasmArtifact,
  abort: AbortOptions,
): Promise<BinaryKind | 'not-wasm' | 'unknown'> {
  if (artifact.format === 'compat' && commandOf(artifact.program).length === 0) return 'unknown';
  const { bytes: head, size } = await beginning(from, artifact, headerBytes, abort);
  if (sniffWasm(head) !== 'component') return kindOfBinary(head) ?? 'not-wasm';
  if (size > maxPackageBytes) return 'component';
  const { bytes } = await beginning(from, artifact, Number.POSITIVE_INFINITY, abort);
  return kindOfBinary(bytes) ?? 'not-wasm';
}

/** A WIT package has types only: the largest that there are have less than a hundredth of it. */
const maxPackageBytes = 16 * 1024 * 1024;

/** What a binary is, by its first bytes and, of a component, its exports; `undefined` when it is no WebAssembly. */
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

async function beginning(
  from: ContentReader,
  artifact: WasmArtifact,
  keepBytes: number,
  abort: AbortOptions,
): Promise<Pick<FoundFile, 'bytes' | 'size'>> {
  if (artifact.format === 'compat') return findProgramFile(from, artifact, { ...abort, keepBytes });
  const { layer } = artifact;
  const source = lent(layer, from.read(layer, abort));
  const { size } = layer;
  return {
    size,
    bytes: keepBytes === headerBytes ? await firstBytes(source) : await collect(source, size, tooLarge),
  };
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
