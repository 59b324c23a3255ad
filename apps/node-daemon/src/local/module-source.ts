import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { describeWasm, sniffWasm, WasmBinaryError } from '@wasmlet/wasm-binary';
import type { Terminal } from '../commands/terminal.ts';
import { CommandError } from '../errors.ts';
import type { FetchedArtifact, FetchOptions } from '../registry/fetch-artifact.ts';

export interface ModuleBytes {
  /** The file's name, or the last part of the repository's: what a guest sees as its program. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** WebAssembly from a file, or from a registry. */
export interface WasmSource extends ModuleBytes {
  /** Where it came from, when that was a registry. */
  readonly artifact?: FetchedArtifact['artifact'];
}

/**
 * The module, or component, that `module` names: a file, else a reference with its registry.
 *
 * @throws {@link CommandError} `MODULE` naming the file when there is none, or when it is something else.
 */
export async function readModule(
  terminal: Terminal,
  module: string,
  options: FetchOptions,
): Promise<ModuleBytes> {
  const { name, bytes } = await readWasm(terminal, module, options);
  switch (sniffWasm(bytes)) {
    case 'module':
      return { name, bytes };
    case 'component':
      if (!isWitPackage(bytes)) return { name, bytes };
      throw new CommandError(
        'MODULE',
        `${module} is a WIT package: it holds interface types and nothing that runs.`,
      );
    case 'not-wasm':
      throw notWasm(module);
  }
}

/** The bytes that `source` names: of a file, else of an artifact in a registry. */
export async function readWasm(
  terminal: Terminal,
  source: string,
  options: FetchOptions,
): Promise<WasmSource> {
  const bytes = await readIfFile(source, options.signal);
  if (bytes !== undefined) return { name: basename(source), bytes };
  const { repository } = await remoteReference(source);
  const { fetchArtifact } = await import('../registry/fetch-artifact.ts');
  const fetched = await fetchArtifact(terminal, source, options);
  return { name: basename(repository), ...fetched };
}

function isWitPackage(bytes: Uint8Array): boolean {
  try {
    return describeWasm(bytes).kind === 'wit-package';
  } catch (error) {
    if (error instanceof WasmBinaryError) return false;
    throw error;
  }
}

export function notWasm(source: string): CommandError {
  return new CommandError('MODULE', `${source} is no WebAssembly: it does not begin with \\0asm.`);
}

/** As much as is read of a binary anywhere. */
const maxFileBytes = 256 * 1024 * 1024;

/** `undefined` when there is no such file. */
async function readIfFile(path: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
  try {
    const facts = await stat(path);
    if (facts.isDirectory()) throw new CommandError('MODULE', `${path} is a directory.`);
    if (facts.size > maxFileBytes) {
      throw new CommandError('MODULE', `${path} has ${facts.size} bytes; at most ${maxFileBytes} are read.`);
    }
    return await readFile(path, { signal });
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof CommandError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new CommandError('MODULE', `${path} cannot be read: ${message}`, { cause });
  }
}

/** A name without a registry is a file that was mistyped more often than an image of Docker Hub. */
async function remoteReference(source: string): Promise<{ readonly repository: string }> {
  const neither = (cause?: unknown): CommandError =>
    new CommandError(
      'MODULE',
      `There is no file ${source}, and it is no reference: write REGISTRY/REPOSITORY:TAG.`,
      { cause },
    );
  if (source.endsWith('.wasm')) throw neither();
  // The registry's client is loaded for references alone: files start faster without it.
  const { OciError, parseReference } = await import('@wasmlet/oci-wasm');
  try {
    const reference = parseReference(source);
    if (source.toLowerCase().startsWith(`${reference.registry}/`)) return reference;
  } catch (cause) {
    if (cause instanceof OciError) throw neither(cause);
    throw cause;
  }
  throw neither();
}
