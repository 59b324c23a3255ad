import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { kindOfBinary, OciError, parseReference } from '@wasmlet/oci-wasm';
import type { Terminal } from '../commands/terminal.ts';
import { CommandError } from '../errors.ts';
import { fetchArtifact, type FetchedArtifact, type FetchOptions } from '../registry/fetch-artifact.ts';

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
 * The core module that `module` names: a file, else a reference with its registry.
 *
 * @throws {@link CommandError} `MODULE` naming the file when there is none, or when it is something else.
 */
export async function readModule(
  terminal: Terminal,
  module: string,
  options: FetchOptions,
): Promise<ModuleBytes> {
  const { name, bytes } = await readWasm(terminal, module, options);
  switch (kindOfBinary(bytes)) {
    case 'module':
      return { name, bytes };
    case 'component':
      throw new CommandError(
        'MODULE',
        `${module} is a component (WASI 0.2); only core modules (WASI preview 1) can be run so far. Build it for wasm32-wasip1.`,
      );
    case 'wit-package':
      throw new CommandError(
        'MODULE',
        `${module} is a WIT package: it holds interface types and nothing that runs.`,
      );
    case undefined:
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
  const { repository } = remoteReference(source);
  const fetched = await fetchArtifact(terminal, source, options);
  return { name: basename(repository), ...fetched };
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
function remoteReference(source: string): { readonly repository: string } {
  const neither = (cause?: unknown): CommandError =>
    new CommandError(
      'MODULE',
      `There is no file ${source}, and it is no reference: write REGISTRY/REPOSITORY:TAG.`,
      { cause },
    );
  if (source.endsWith('.wasm')) throw neither();
  try {
    const reference = parseReference(source);
    if (source.toLowerCase().startsWith(`${reference.registry}/`)) return reference;
  } catch (cause) {
    if (cause instanceof OciError) throw neither(cause);
    throw cause;
  }
  throw neither();
}
