import { type FileHandle, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, parseDigest } from '../content/digest.ts';
import { maxManifestBytes } from '../content/media-types.ts';
import { isRecord, readDescriptor } from '../content/read-descriptor.ts';
import { parseStrictJson } from '../content/strict-json.ts';
import { lastUseOf } from './blob-files.ts';
import { digestOfName, removedDirectory } from './blob-paths.ts';
import { openQuietly } from './open-quietly.ts';

/** What is in a store, and what of it leads where. */
export type ContentGraph = ReadonlyMap<string, ContentNode>;

export interface ContentNode extends Links {
  readonly digest: string;
  readonly sizeBytes: number;
  /** When it was written or last used, in milliseconds since 1970. */
  readonly usedMs: number;
  /** On its way out. */
  readonly removed: boolean;
}

/** Links by digest: content does not change. */
export type KnownLinks = Map<string, Links>;

export interface Links {
  /** What it leads to: config, layers, manifests. */
  readonly children: readonly string[];
  /** The manifest that it is about: it is kept as long as that. */
  readonly subject: string | undefined;
  readonly isIndex: boolean;
  /** Those of `children` that its publisher keeps elsewhere. */
  readonly elsewhere: readonly string[];
}

/** Looks at all blobs, and into those that may be manifests. */
export async function readContentGraph(
  root: string,
  known: KnownLinks,
  signal: AbortSignal | undefined,
): Promise<ContentGraph> {
  const graph = new Map<string, ContentNode>();
  // A blob that is put back meanwhile is seen at the second place.
  for await (const { path, digest } of blobsIn(root)) {
    signal?.throwIfAborted();
    const removed = path.startsWith(removedDirectory(root));
    const node = await readNode(path, digest, removed, known);
    if (node !== undefined && graph.get(digest)?.removed !== false) graph.set(digest, node);
  }
  return graph;
}

/** From a digest on, along the links. */
export function reach(graph: ContentGraph, roots: Iterable<string>, referrers: Referrers): Set<string> {
  const reached = new Set<string>();
  const open = [...roots];
  for (let digest = open.pop(); digest !== undefined; digest = open.pop()) {
    if (reached.has(digest)) continue;
    reached.add(digest);
    const node = graph.get(digest);
    if (node === undefined) continue;
    open.push(...node.children, ...(referrers.get(digest) ?? []));
    if (node.subject !== undefined) open.push(node.subject);
  }
  return reached;
}

/** The manifests that are about a manifest. */
export type Referrers = ReadonlyMap<string, readonly string[]>;

export const noReferrers: Referrers = new Map();

export function referrersIn(graph: ContentGraph): Referrers {
  const referrers = new Map<string, string[]>();
  for (const { digest, subject } of graph.values()) {
    if (subject === undefined) continue;
    const list = referrers.get(subject);
    if (list === undefined) referrers.set(subject, [digest]);
    else list.push(digest);
  }
  return referrers;
}

/** In an order in which everything comes before what it leads to. */
export function parentsFirst(graph: ContentGraph, digests: Iterable<string>): readonly string[] {
  const wanted = new Set(digests);
  const seen = new Set<string>();
  const ordered: string[] = [];
  // Depth first, without recursion: how deep it goes is not ours to choose.
  const open = [...wanted].map((digest) => ({ digest, left: false }));
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    if (step.left) {
      ordered.push(step.digest);
      continue;
    }
    if (seen.has(step.digest) || !wanted.has(step.digest)) continue;
    seen.add(step.digest);
    open.push({ digest: step.digest, left: true });
    const { children = [], subject } = graph.get(step.digest) ?? {};
    for (const digest of subject === undefined ? children : [...children, subject]) {
      open.push({ digest, left: false });
    }
  }
  return ordered.toReversed();
}

export interface BlobLocation {
  readonly path: string;
  readonly digest: string;
}

/** Files that are named as blobs are, where they belong and on their way out. */
export async function* blobsIn(root: string): AsyncGenerator<BlobLocation> {
  for (const algorithm of ['sha256', 'sha512']) {
    const directory = join(root, 'blobs', algorithm);
    for await (const name of namesIn(directory)) {
      const digest = digestOfName(algorithm, name);
      if (digest !== undefined) yield { path: join(directory, name), digest };
    }
  }
  for await (const name of namesIn(removedDirectory(root))) {
    const [algorithm = '', hex = ''] = name.split('-');
    const digest = digestOfName(algorithm, hex);
    if (digest !== undefined) yield { path: join(removedDirectory(root), name), digest };
  }
}

async function* namesIn(directory: string): AsyncGenerator<string> {
  try {
    for await (const entry of await opendir(directory)) if (entry.isFile()) yield entry.name;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

async function readNode(
  path: string,
  digest: string,
  removed: boolean,
  known: KnownLinks,
): Promise<ContentNode | undefined> {
  const file = await openQuietly(path);
  if (file === undefined) return undefined;
  try {
    const stats = await file.stat();
    const links = known.get(digest) ?? (await readLinks(file, stats.size, digest));
    known.set(digest, links);
    return { digest, sizeBytes: stats.size, usedMs: lastUseOf(stats), removed, ...links };
  } finally {
    await file.close();
  }
}

const noLinks: Links = { children: [], subject: undefined, isIndex: false, elsewhere: [] };
const openingBrace = 0x7b;
const jsonSpace = [0x20, 0x09, 0x0a, 0x0d];

/** Manifests are known by their shape alone: nothing that they need may be taken for rubbish. */
async function readLinks(file: FileHandle, size: number, digest: string): Promise<Links> {
  if (size > maxManifestBytes) return noLinks;
  const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(size, 64)), { position: 0 });
  const first = buffer.subarray(0, bytesRead).find((byte) => !jsonSpace.includes(byte));
  if (first !== openingBrace) return noLinks;
  const bytes = await readWhole(file, size);
  if (digestOf(bytes, parseDigest(digest).algorithm) !== digest) return noLinks;
  return linksOf(bytes);
}

async function readWhole(file: FileHandle, size: number): Promise<Uint8Array> {
  const bytes = Buffer.alloc(size);
  let length = 0;
  while (length < size) {
    const { bytesRead } = await file.read(bytes, length, size - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}

function linksOf(bytes: Uint8Array): Links {
  let value: unknown;
  try {
    value = parseStrictJson(bytes);
  } catch {
    return noLinks;
  }
  if (!isRecord(value)) return noLinks;
  const listed = [value['manifests'], value['layers'], value['blobs']].flatMap((list) =>
    Array.isArray(list) ? (list as readonly unknown[]) : [],
  );
  const children = [value['config'], ...listed].flatMap((entry) => readDescriptor(entry) ?? []);
  return {
    children: [...new Set(children.map(({ digest }) => digest))],
    subject: readDescriptor(value['subject'])?.digest,
    isIndex: Array.isArray(value['manifests']),
    elsewhere: children.filter(({ mediaType }) => undistributed.test(mediaType)).map(({ digest }) => digest),
  };
}

/** Layers that may not be distributed (OCI image-spec, layer.md; docker's foreign layers). */
const undistributed = /\.(?:nondistributable|foreign)\./;
