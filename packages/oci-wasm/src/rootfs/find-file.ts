import { OciError } from '../errors.ts';
import type { LayerBudget } from './layer-budget.ts';
import { searchLayer } from './search-layer.ts';
import { unpackLayer } from './unpack-layer.ts';

export interface FindFileOptions {
  /** Each layer's bytes, packed or not, in the order of a manifest: the lowest first. */
  readonly layers: readonly (() => AsyncIterable<Uint8Array>)[];
  /** Of the file, from the root; a leading slash may be left out. */
  readonly path: string;
  /** How much of its content is kept. */
  readonly keepBytes: number;
  /** Files beyond it are refused. */
  readonly maxFileBytes: number;
  /** What the search may cost; several searches may share one. */
  readonly budget: LayerBudget;
}

export interface FoundFile {
  /** Where it is, links resolved. */
  readonly path: string;
  readonly size: number;
  /** Its first `keepBytes`. */
  readonly bytes: Uint8Array;
}

/** As many as Linux follows. */
const maxLinks = 40;

/**
 * Finds one file in the file system that layers make when they are laid upon each other, by reading them from
 * the top down to where it is: nothing is unpacked to disk, and no list of what they hold is kept. Links are
 * followed within the layers only; whiteouts hide what is below.
 *
 * Resolves with `undefined` when there is no such file. Rejects with {@link OciError} `INVALID_LAYER`, `TOO_LARGE`.
 */
export async function findFile({
  layers,
  path: wanted,
  keepBytes,
  maxFileBytes,
  budget,
}: FindFileOptions): Promise<FoundFile | undefined> {
  let path = resolvePath([], wanted);
  let top = layers.length - 1;
  for (let links = 0; links <= maxLinks; links += 1) {
    const found = await search(path, top);
    switch (found.kind) {
      case 'absent':
        return undefined;
      case 'file':
        return { path: `/${path.join('/')}`, size: found.size, bytes: found.bytes };
      case 'symlink': {
        const directory = path.slice(0, found.depth - 1);
        path = resolvePath(directory, found.target, path.slice(found.depth));
        break;
      }
      case 'hardlink':
        // Made when its layer was: what lies upon it now is not what it names.
        path = resolvePath([], found.target);
        top = found.layer;
        break;
    }
  }
  throw new OciError(
    'INVALID_LAYER',
    `${JSON.stringify(wanted)} leads through more than ${maxLinks} links in its file system layers`,
  );

  async function search(names: readonly string[], from: number) {
    let directories = 0;
    for (let layer = from; layer >= 0; layer -= 1) {
      const source = layers[layer];
      if (source === undefined || names.length === 0) break;
      const archive = unpackLayer(source(), budget);
      const found = await searchLayer(archive, names, { directories, keepBytes, maxFileBytes, budget });
      if (found.kind !== 'below') return { ...found, layer };
      directories = found.directories;
    }
    return { kind: 'absent' } as const;
  }
}

/** Names of a path seen from a directory, as in a root of its own: nothing is above it. */
function resolvePath(
  directory: readonly string[],
  target: string,
  rest: readonly string[] = [],
): readonly string[] {
  const names = target.startsWith('/') ? [] : [...directory];
  for (const name of [...target.split('/'), ...rest]) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  if (names.length > maxNames) {
    throw new OciError('INVALID_LAYER', `a path of more than ${maxNames} names in its file system layers`);
  }
  return names;
}

const maxNames = 2048;
