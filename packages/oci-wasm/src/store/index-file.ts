import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Descriptor } from '../content/descriptor.ts';
import { mediaTypes } from '../content/media-types.ts';
import { readDescriptor } from '../content/read-descriptor.ts';
import { OciError } from '../errors.ts';
import { replaceFile } from './replace-file.ts';
import { storeError } from './store-error.ts';
import { withStoreLock } from './store-lock.ts';

/** `index.json`: which references name which manifests. */
export interface IndexFile {
  find(name: string, signal: AbortSignal | undefined): Promise<Descriptor | undefined>;
  findDigest(digest: string, signal: AbortSignal | undefined): Promise<Descriptor | undefined>;
  /** Makes `name` stand for a manifest, and for no other any more. */
  set(name: string, descriptor: Descriptor, signal: AbortSignal | undefined): Promise<void>;
}

/** Well-known annotation under which layouts keep names (image-spec, annotations.md). */
const nameAnnotation = 'org.opencontainers.image.ref.name';
/** About 100,000 names. */
const maxIndexBytes = 32 * 1024 * 1024;

export function createIndexFile(root: string): IndexFile {
  const path = join(root, 'index.json');
  let updating: Promise<unknown> = Promise.resolve();

  const update = async (change: (list: readonly Entry[]) => readonly Entry[] | undefined): Promise<void> => {
    await withStoreLock(join(root, 'index.json.lock'), async () => {
      const { list, rest } = await load(path, root);
      const changed = change(list);
      if (changed === undefined) return;
      const manifests = changed.map(({ raw }) => raw);
      await replaceFile(
        path,
        `${JSON.stringify({ ...rest, schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests })}\n`,
      );
    });
  };

  const entries = async (signal: AbortSignal | undefined): Promise<readonly Entry[]> => {
    signal?.throwIfAborted();
    try {
      return (await load(path, root)).list;
    } catch (error) {
      throw storeError(error, root);
    }
  };

  return {
    find: async (name, signal) =>
      (await entries(signal)).findLast((entry) => entry.name === name)?.descriptor,
    findDigest: async (digest, signal) =>
      (await entries(signal)).find(({ descriptor }) => descriptor?.digest === digest)?.descriptor,
    async set(name, descriptor, signal) {
      signal?.throwIfAborted();
      const change = (list: readonly Entry[]): readonly Entry[] | undefined => {
        const current = list.filter((entry) => entry.name === name);
        if (current.length === 1 && current[0]?.descriptor?.digest === descriptor.digest) return undefined;
        return [...list.filter((entry) => entry.name !== name), entryFor(name, descriptor)];
      };
      const mine = updating.then(() => update(change));
      updating = mine.catch(() => {});
      try {
        await mine;
      } catch (error) {
        throw storeError(error, root);
      }
    },
  };
}

/** One of `manifests`; what other tools have written beside the known fields is kept. */
interface Entry {
  readonly name: string | undefined;
  /** Absent when it is no descriptor. */
  readonly descriptor: Descriptor | undefined;
  readonly raw: unknown;
}

function entryFor(name: string, { mediaType, digest, size }: Descriptor): Entry {
  const descriptor = { mediaType, digest, size, annotations: { [nameAnnotation]: name } };
  return { name, descriptor, raw: descriptor };
}

async function load(
  path: string,
  root: string,
): Promise<{ readonly list: readonly Entry[]; readonly rest: Readonly<Record<string, unknown>> }> {
  const damaged = (problem: string, cause?: unknown): OciError =>
    new OciError('STORE_FAILED', `store ${root}: index.json ${problem}; remove the directory to begin anew`, {
      cause,
    });
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { list: [], rest: {} };
    throw error;
  }
  if (bytes.length > maxIndexBytes) throw damaged(`is larger than ${maxIndexBytes} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch (cause) {
    throw damaged('is not JSON', cause);
  }
  const rest = (typeof value === 'object' && value !== null ? value : {}) as Readonly<
    Record<string, unknown>
  >;
  const { manifests } = rest;
  if (!Array.isArray(manifests)) throw damaged('has no list of manifests');
  const list = manifests.map((raw: unknown): Entry => {
    const descriptor = readDescriptor(raw);
    return { raw, descriptor, name: descriptor?.annotations?.[nameAnnotation] };
  });
  return { list, rest };
}
