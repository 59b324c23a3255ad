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
  /** Makes the file unless there is one: other tools want it also when it lists nothing. */
  create(): Promise<void>;
  /** All that it lists, with names or without. */
  list(signal: AbortSignal | undefined): Promise<readonly IndexEntry[]>;
  /** Takes out what `choose` gives of what is listed then, with no change of another process between. */
  remove(
    choose: (list: readonly IndexEntry[]) => Promise<readonly IndexEntry[]>,
    signal: AbortSignal | undefined,
  ): Promise<void>;
}

/** One of `manifests`; what other tools have written beside the known fields is kept. */
export interface IndexEntry {
  readonly name: string | undefined;
  /** Absent when it is no descriptor. */
  readonly descriptor: Descriptor | undefined;
  readonly raw: unknown;
}

/** Well-known annotation under which layouts keep names (image-spec, annotations.md). */
const nameAnnotation = 'org.opencontainers.image.ref.name';
/** About 100,000 names. */
const maxIndexBytes = 32 * 1024 * 1024;

/** What is to be listed; undefined when nothing changes. */
type Change = (
  list: readonly IndexEntry[],
  exists: boolean,
) => readonly IndexEntry[] | undefined | Promise<readonly IndexEntry[] | undefined>;

export function createIndexFile(root: string): IndexFile {
  const path = join(root, 'index.json');
  let updating: Promise<unknown> = Promise.resolve();

  const update = async (change: Change): Promise<void> => {
    await withStoreLock(join(root, 'index.json.lock'), async () => {
      const { list, rest, exists } = await load(path, root);
      const changed = await change(list, exists);
      if (changed === undefined) return;
      const manifests = changed.map(({ raw }) => raw);
      await replaceFile(
        path,
        `${JSON.stringify({ ...rest, schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests })}\n`,
      );
    });
  };

  const entries = async (signal: AbortSignal | undefined): Promise<readonly IndexEntry[]> => {
    signal?.throwIfAborted();
    try {
      return (await load(path, root)).list;
    } catch (error) {
      throw storeError(error, root);
    }
  };

  const queue = async (change: Change, signal: AbortSignal | undefined): Promise<void> => {
    signal?.throwIfAborted();
    const mine = updating.then(() => update(change));
    updating = mine.catch(() => {});
    try {
      await mine;
    } catch (error) {
      throw storeError(error, root);
    }
  };

  return {
    find: async (name, signal) =>
      (await entries(signal)).findLast((entry) => entry.name === name)?.descriptor,
    findDigest: async (digest, signal) =>
      (await entries(signal)).find(({ descriptor }) => descriptor?.digest === digest)?.descriptor,
    set: (name, descriptor, signal) =>
      queue((list) => {
        const current = list.filter((entry) => entry.name === name);
        if (current.length === 1 && current[0]?.descriptor?.digest === descriptor.digest) return undefined;
        return [...list.filter((entry) => entry.name !== name), entryFor(name, descriptor)];
      }, signal),
    create: () => queue((list, exists) => (exists ? undefined : list), undefined),
    list: entries,
    remove: (choose, signal) =>
      queue(async (list) => {
        const gone = await choose(list);
        return gone.length === 0 ? undefined : list.filter((entry) => !gone.includes(entry));
      }, signal),
  };
}

function entryFor(name: string, { mediaType, digest, size }: Descriptor): IndexEntry {
  const descriptor = { mediaType, digest, size, annotations: { [nameAnnotation]: name } };
  return { name, descriptor, raw: descriptor };
}

interface Loaded {
  readonly list: readonly IndexEntry[];
  readonly rest: Readonly<Record<string, unknown>>;
  readonly exists: boolean;
}

async function load(path: string, root: string): Promise<Loaded> {
  const damaged = (problem: string, cause?: unknown): OciError =>
    new OciError('STORE_FAILED', `store ${root}: index.json ${problem}; remove the directory to begin anew`, {
      cause,
    });
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { list: [], rest: {}, exists: false };
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
  const list = manifests.map((raw: unknown): IndexEntry => {
    const descriptor = readDescriptor(raw);
    return { raw, descriptor, name: descriptor?.annotations?.[nameAnnotation] };
  });
  return { list, rest, exists: true };
}
