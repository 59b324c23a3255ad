import { OciError } from '../errors.ts';
import type { LayerBudget } from './layer-budget.ts';
import { type TarEntry, tarEntries } from './tar-entries.ts';

/** What one layer says about a path. Depths count names: 1 is the first below the root. */
export type LayerAnswer =
  | { readonly kind: 'file'; readonly size: number; readonly bytes: Uint8Array }
  | { readonly kind: 'symlink'; readonly depth: number; readonly target: string }
  | { readonly kind: 'hardlink'; readonly target: string }
  | { readonly kind: 'absent' }
  /** Nothing: the layers below decide. So many of the leading names are directories here or above. */
  | { readonly kind: 'below'; readonly directories: number };

export interface SearchLayerOptions {
  /** Leading names that layers above have as directories: what is not one here is hidden. */
  readonly directories: number;
  readonly keepBytes: number;
  readonly maxFileBytes: number;
  readonly budget: LayerBudget;
}

type Node =
  | { readonly kind: 'directory' }
  | { readonly kind: 'file'; readonly size: number; readonly bytes: Uint8Array }
  | { readonly kind: 'symlink'; readonly target: string }
  | { readonly kind: 'hardlink'; readonly target: string }
  | { readonly kind: 'unreadable'; readonly what: string };

/** Reads one archive for what it has at a path and at the directories above that; the last entry of a name counts. */
export async function searchLayer(
  archive: AsyncGenerator<Uint8Array, void, undefined>,
  names: readonly string[],
  options: SearchLayerOptions,
): Promise<LayerAnswer> {
  const { directories, budget } = options;
  /** What this layer has at the path's names, by depth. */
  const nodes: (Node | undefined)[] = [];
  let hidden = false;
  for await (const entry of tarEntries(archive, budget)) {
    const place = placeOf(entry.path, names);
    if (place.kind === 'hides') hidden = true;
    if (place.kind !== 'on-path') continue;
    const isLast = place.depth === names.length;
    // What is written below a link or a file has a directory there, whatever came before.
    for (let depth = 1; depth < place.depth; depth += 1) {
      if (nodes[depth] !== directory) nodes[depth] = undefined;
    }
    if (entry.type !== 'directory' || isLast) nodes.length = place.depth;
    nodes[place.depth] = await nodeOf(entry, isLast, options);
  }
  return answer(nodes, names.length, directories, hidden);
}

const directory: Node = { kind: 'directory' };
const whiteout = '.wh.';
const opaque = '.wh..wh..opq';

type Place =
  | { readonly kind: 'elsewhere' }
  /** The path itself (depth = its number of names) or a directory above it. */
  | { readonly kind: 'on-path'; readonly depth: number }
  /** A whiteout of either: the layers below have nothing to say. */
  | { readonly kind: 'hides' };

/** Where an entry is, seen from the path that is looked for. */
function placeOf(entryPath: string, names: readonly string[]): Place {
  const parts = entryPath.split('/');
  let shared = 0;
  while (shared < parts.length && shared < names.length && parts[shared] === names[shared]) shared += 1;
  if (shared === parts.length) return { kind: 'on-path', depth: shared };
  const [part = '', ...more] = parts.slice(shared);
  const here = more.length === 0 && shared < names.length;
  const hides = here && (part === opaque || part === `${whiteout}${names[shared]}`);
  return { kind: hides ? 'hides' : 'elsewhere' };
}

async function nodeOf(
  entry: TarEntry,
  isLast: boolean,
  { keepBytes, maxFileBytes }: SearchLayerOptions,
): Promise<Node> {
  switch (entry.type) {
    case 'directory':
      return directory;
    case 'symlink':
      return { kind: 'symlink', target: entry.linkPath };
    case 'hardlink':
      return { kind: 'hardlink', target: entry.linkPath };
    case 'file':
      if (!isLast) return { kind: 'file', size: entry.size, bytes: new Uint8Array() };
      if (entry.size > maxFileBytes) {
        throw new OciError(
          'TOO_LARGE',
          `/${entry.path} in its file system layers has ${entry.size} bytes; at most ${maxFileBytes} are read`,
        );
      }
      return { kind: 'file', size: entry.size, bytes: await entry.read(keepBytes) };
    case 'device':
    case 'sparse':
    case 'other':
      return { kind: 'unreadable', what: `/${entry.path} is a ${whatIs[entry.type]}` };
  }
}

const whatIs = {
  device: 'device or pipe',
  sparse: 'sparse file',
  other: 'thing of an unknown kind',
} as const;

function answer(
  nodes: readonly (Node | undefined)[],
  length: number,
  directoriesAbove: number,
  hidden: boolean,
): LayerAnswer {
  let directories = directoriesAbove;
  for (let depth = 1; depth <= length; depth += 1) {
    const node = nodes[depth];
    if (node === undefined) continue;
    if (node.kind === 'directory') {
      directories = Math.max(directories, depth);
      continue;
    }
    // A layer above has put a directory in its place.
    if (depth <= directoriesAbove) return { kind: 'absent' };
    if (node.kind === 'symlink') return { kind: 'symlink', depth, target: node.target };
    if (depth < length) return { kind: 'absent' };
    if (node.kind === 'unreadable') {
      throw new OciError('INVALID_LAYER', `${node.what} in its file system layers; it cannot be read`);
    }
    return node;
  }
  return hidden || directories === length ? { kind: 'absent' } : { kind: 'below', directories };
}
