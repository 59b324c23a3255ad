import type { Descriptor } from './descriptor.ts';
import { manifestLinks } from './manifest-links.ts';
import type { Manifest } from './target.ts';

/** A manifest that is about another one, as lists of referrers have it. */
export interface Referrer {
  /** Digest of what it is about. */
  readonly subject: string;
  readonly entry: Descriptor;
}

/** `undefined` for a manifest that is about nothing. Throws `UNSUPPORTED_ARTIFACT` when it is none. */
export function referrerOf(manifest: Manifest, name: string): Referrer | undefined {
  if (!Buffer.from(manifest.bytes).includes('"subject"')) return undefined;
  const { subject, mediaType, artifactType, annotations } = manifestLinks(manifest, name);
  if (subject === undefined) return undefined;
  const { digest, size } = manifest.descriptor;
  return {
    subject: subject.digest,
    entry: {
      mediaType,
      digest,
      size,
      ...(annotations === undefined ? {} : { annotations }),
      ...(artifactType === undefined ? {} : { artifactType }),
    },
  };
}
