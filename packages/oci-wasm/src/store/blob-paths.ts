import { join } from 'node:path';
import { isDigest, parseDigest } from '../content/digest.ts';

/** Where a blob belongs. */
export function blobPath(root: string, digest: string): string {
  const { algorithm, hex } = parseDigest(digest);
  return join(root, 'blobs', algorithm, hex);
}

/** Where a blob is on its way out, until nothing has been found to need it after all. */
export function removedPath(root: string, digest: string): string {
  const { algorithm, hex } = parseDigest(digest);
  return join(removedDirectory(root), `${algorithm}-${hex}`);
}

export function removedDirectory(root: string): string {
  return join(root, 'removed');
}

/** Where blobs are while they are written. */
export function incomingDirectory(root: string): string {
  return join(root, 'incoming');
}

/** The digest that a file name in there stands for. */
export function digestOfName(algorithm: string, hex: string): string | undefined {
  const digest = `${algorithm}:${hex}`;
  return isDigest(digest) ? digest : undefined;
}
