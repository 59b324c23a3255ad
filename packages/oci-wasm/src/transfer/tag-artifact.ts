import type { Descriptor } from '../content/descriptor.ts';
import { manifestLinks } from '../content/manifest-links.ts';
import { maxManifestBytes } from '../content/media-types.ts';
import type { AbortOptions, Target } from '../content/target.ts';
import { collect } from '../content/verified.ts';
import { OciError } from '../errors.ts';
import { formatReference, isTag, parseReference, type Reference } from '../reference.ts';

/** Options of {@link tagArtifact}. */
export interface TagOptions extends AbortOptions {
  /** Where it is: a repository, or a store. */
  readonly at: Target;
  /** What is tagged: any name that it has. */
  readonly reference: string | Reference;
  /** The name alone, e.g. `v2`. */
  readonly tag: string;
}

/**
 * Gives an artifact that is there another tag, which it is taken from if it stood for something else. Nothing but
 * its manifest is read.
 *
 * Rejects with {@link OciError}, among them `INVALID_REFERENCE` and `MANIFEST_UNKNOWN`.
 */
export async function tagArtifact({ at, reference, tag, signal }: TagOptions): Promise<Descriptor> {
  const source = typeof reference === 'string' ? parseReference(reference) : reference;
  const { registry, repository } = source;
  const name = formatReference(source);
  if (!isTag(tag)) {
    const rule = 'a tag has 1 to 128 letters, digits, "_", "." and "-", and begins with none of the last two';
    throw new OciError('INVALID_REFERENCE', `cannot tag ${name} as ${JSON.stringify(tag)}: ${rule}`, {
      reference: name,
    });
  }
  const abort = signal === undefined ? {} : { signal };
  const found = await at.resolve(source, abort);
  const tooLarge = (): OciError =>
    new OciError('TOO_LARGE', `${name}: its manifest is larger than ${maxManifestBytes} bytes`, {
      reference: name,
    });
  const bytes = await collect(at.read(found, abort), maxManifestBytes, tooLarge);
  const { mediaType } = manifestLinks({ descriptor: found, bytes }, name);
  const descriptor = { mediaType, digest: found.digest, size: found.size };
  await at.tag({ descriptor, bytes }, { registry, repository, tag }, abort);
  return descriptor;
}
