import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ProviderError, type PullPolicy } from '@wasmlet/kubelet/provider';

export interface LocalModule {
  /** Absolute. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly digest: string;
}

export interface LocalModuleOptions {
  readonly allowLocalModules: boolean;
  /** When it is looked for. */
  readonly policy?: PullPolicy;
  /** When it is started: what was found. */
  readonly digest?: string;
}

/** Krustlet's images of the form `fs/PATH`; with two slashes the path is absolute. */
export function isLocalModule(reference: string): boolean {
  return reference.startsWith(prefix);
}

/** Reads the file that such an image names; a tag says nothing. Rejects with {@link ProviderError}. */
export async function readLocalModule(
  reference: string,
  { allowLocalModules, policy, digest: wanted }: LocalModuleOptions,
  signal: AbortSignal | undefined,
): Promise<LocalModule> {
  if (!allowLocalModules) {
    throw new ProviderError(
      'IMAGE_PULL',
      `image "${reference}" names a file of this machine, which pods may not use here; the node takes such images when it is started with --x-allow-local-modules`,
    );
  }
  const path = resolve(reference.slice(prefix.length).replace(/:[^:/]*$/, ''));
  const bytes = await readBounded(path, reference, policy, signal);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  if (wanted !== undefined && wanted !== digest) {
    throw new ProviderError(
      'CONTAINER_CREATE',
      `${path} has changed since image "${reference}" was looked up`,
    );
  }
  return { path, bytes, digest };
}

const prefix = 'fs/';
const maxBytes = 256 * 1024 * 1024;

async function readBounded(
  path: string,
  reference: string,
  policy: PullPolicy | undefined,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const failure = (problem: string, cause?: unknown): ProviderError =>
    new ProviderError('IMAGE_PULL', `image "${reference}": ${path} ${problem}`, { cause });
  try {
    await using file = await open(path, 'r');
    const stats = await file.stat();
    if (!stats.isFile()) throw failure('is no file');
    if (stats.size > maxBytes) throw failure(`has ${stats.size} bytes; at most ${maxBytes} are read`);
    return await file.readFile(signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ProviderError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && policy === 'Never') {
      throw new ProviderError(
        'IMAGE_NEVER_PULL',
        `Container image "${reference}" is not present with pull policy of Never`,
        { cause: error },
      );
    }
    throw failure(code === 'ENOENT' ? 'does not exist' : `cannot be read: ${message}`, error);
  }
}
