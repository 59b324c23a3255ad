import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve as absolute } from 'node:path';
import type { Descriptor } from '../content/descriptor.ts';
import type { AbortOptions, Target } from '../content/target.ts';
import { OciError } from '../errors.ts';
import { formatReference } from '../reference.ts';
import { createBlobFiles } from './blob-files.ts';
import { createIndexFile } from './index-file.ts';
import { replaceFile } from './replace-file.ts';
import { storeError } from './store-error.ts';

/** An OCI image layout on disk (image-spec, image-layout.md) that several processes may use at once. */
export interface LayoutStore extends Target {
  readonly directory: string;
  /** What a digest names, for manifests that have been tagged under any name. Rejects with `NOT_FOUND_LOCALLY`. */
  resolveDigest(digest: string, options?: AbortOptions): Promise<Descriptor>;
}

/**
 * Opens a store, making it when the directory is absent or empty. Content is private to the user that runs this.
 *
 * Rejects with {@link OciError} `STORE_FAILED` when it cannot, or when the directory holds another kind of layout.
 */
export async function openLayoutStore(directory: string): Promise<LayoutStore> {
  const root = absolute(directory);
  await prepare(root);
  const blobs = createBlobFiles(root);
  await blobs.sweep();
  const index = createIndexFile(root);

  return {
    directory: root,
    read: (descriptor, { signal } = {}) => blobs.read(descriptor, signal),
    has: (descriptor, { signal } = {}) => blobs.has(descriptor, signal),
    write: (descriptor, open, { signal } = {}) => blobs.write(descriptor, open, signal),

    async resolve(reference, { signal } = {}) {
      const name = formatReference(reference);
      const found = await index.find(name, signal);
      if (found) return found;
      throw new OciError('NOT_FOUND_LOCALLY', `${name} is not in the store ${root}; pull it first`, {
        reference: name,
      });
    },
    async resolveDigest(digest, { signal } = {}) {
      const found = await index.findDigest(digest, signal);
      if (found) return found;
      throw new OciError('NOT_FOUND_LOCALLY', `${digest} is not in the store ${root}; pull it first`);
    },
    tag: ({ descriptor }, reference, { signal } = {}) =>
      index.set(formatReference(reference), descriptor, signal),
  };
}

const layoutVersion = '1.0.0';
const privateDirectory = 0o700;

async function prepare(root: string): Promise<void> {
  const marker = join(root, 'oci-layout');
  try {
    await mkdir(join(root, 'blobs'), { recursive: true, mode: privateDirectory });
    const text = await readFile(marker, 'utf8').catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    });
    if (text === undefined) {
      await replaceFile(marker, `${JSON.stringify({ imageLayoutVersion: layoutVersion })}\n`);
    } else if (versionOf(text) !== layoutVersion) {
      throw new OciError(
        'STORE_FAILED',
        `${root} holds an OCI layout of another version than ${layoutVersion}; give another directory`,
      );
    }
  } catch (error) {
    throw storeError(error, root);
  }
}

function versionOf(text: string): unknown {
  try {
    return (JSON.parse(text) as { readonly imageLayoutVersion?: unknown } | null)?.imageLayoutVersion;
  } catch {
    return undefined;
  }
}
