import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { formatHash, parseDigest } from '../content/digest.ts';
import type { AbortOptions } from '../content/target.ts';
import { blobsIn, type ContentGraph, noReferrers, reach, readContentGraph } from './content-graph.ts';
import type { IndexFile } from './index-file.ts';
import { findLeftovers } from './leftovers.ts';
import { openQuietly } from './open-quietly.ts';
import type { PinFiles } from './pin-files.ts';
import { storeError } from './store-error.ts';

/** Options of {@link LayoutStore.verify}. */
export interface VerifyOptions extends AbortOptions {
  /** Whether damaged blobs are removed, so that the next pull fetches them. @default false */
  readonly repair?: boolean;
}

/** Something that {@link LayoutStore.verify} has found wrong. */
export type StoreFinding =
  /** A blob that is not what its name says. */
  | { readonly kind: 'damaged'; readonly digest: string; readonly actual: string; readonly removed: boolean }
  /** A name, a pin or a manifest that is here needs content that is not. */
  | { readonly kind: 'missing'; readonly digest: string; readonly neededBy: string }
  /** Something in `index.json` that is no descriptor. */
  | { readonly kind: 'unreadable-entry'; readonly entry: string }
  /** What a process has left that has ended; the next opening removes it. */
  | { readonly kind: 'leftover'; readonly path: string };

interface VerifiedFiles {
  readonly root: string;
  readonly index: IndexFile;
  readonly pins: PinFiles;
}

/** One blob after the other; memory stays flat. What other processes write meanwhile may be seen or not. */
export async function* verifyStore(
  files: VerifiedFiles,
  { repair = false, signal }: VerifyOptions,
): AsyncGenerator<StoreFinding, void, undefined> {
  const { root } = files;
  try {
    for await (const { path, digest } of blobsIn(root)) {
      const actual = await digestOfFile(path, digest, signal);
      if (actual === undefined || actual === digest) continue;
      if (repair) await rm(path, { force: true });
      yield { kind: 'damaged', digest, actual, removed: repair };
    }
    for (const path of await findLeftovers(root)) yield { kind: 'leftover', path };
    yield* missingContent(files, signal);
  } catch (error) {
    signal?.throwIfAborted();
    throw storeError(error, root);
  }
}

async function* missingContent(
  { root, index, pins }: VerifiedFiles,
  signal: AbortSignal | undefined,
): AsyncGenerator<StoreFinding, void, undefined> {
  const roots: { readonly digest: string; readonly neededBy: string }[] = [];
  for (const { descriptor, name = 'index.json', raw } of await index.list(signal)) {
    if (descriptor === undefined) {
      yield { kind: 'unreadable-entry', entry: (JSON.stringify(raw) ?? '').slice(0, 200) };
    } else roots.push({ digest: descriptor.digest, neededBy: name });
  }
  for (const { id, digest } of await pins.list()) roots.push({ digest, neededBy: `pin ${id}` });

  const graph = await readContentGraph(root, new Map(), signal);
  const told = new Set<string>();
  const missing = (digest: string, neededBy: string): readonly StoreFinding[] => {
    if (graph.has(digest) || told.has(digest)) return [];
    told.add(digest);
    return [{ kind: 'missing', digest, neededBy }];
  };
  for (const { digest, neededBy } of roots) yield* missing(digest, neededBy);
  const reachable = reach(
    graph,
    roots.map(({ digest }) => digest),
    noReferrers,
  );
  for (const needing of reachable) {
    for (const digest of neededChildren(graph, needing)) yield* missing(digest, needing);
  }
}

/** Of an index, layouts have one manifest at least; of an image, all but what its publisher keeps elsewhere. */
function neededChildren(graph: ContentGraph, digest: string): readonly string[] {
  const node = graph.get(digest);
  if (node === undefined) return [];
  if (!node.isIndex) return node.children.filter((child) => !node.elsewhere.includes(child));
  return node.children.some((child) => graph.has(child)) ? [] : node.children.slice(0, 1);
}

async function digestOfFile(
  path: string,
  digest: string,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const file = await openQuietly(path);
  if (file === undefined) return undefined;
  try {
    const { algorithm } = parseDigest(digest);
    const hash = createHash(algorithm);
    const buffer = Buffer.alloc(256 * 1024);
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return formatHash(hash, algorithm);
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}
