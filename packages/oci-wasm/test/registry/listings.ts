import { failure, ociIndex, reply, type Reply, type StoredManifest } from './content-store.ts';

/** How a registry answers to `/referrers/`: not at all, with everything, or filtered by type. */
export type ReferrersSupport = 'none' | 'plain' | 'filtering';

/** One page of names, and a link to the next in `Link` as the distribution-spec has it. */
export function answerTags(url: URL, repository: string, tags: readonly string[], pageSize: number): Reply {
  const asked = Number(url.searchParams.get('n') ?? Number.NaN);
  const size = Math.min(pageSize, Number.isInteger(asked) ? asked : pageSize);
  const last = url.searchParams.get('last') ?? '';
  const left = tags.toSorted().filter((tag) => tag > last);
  const page = left.slice(0, size);
  const query = `n=${size}&last=${encodeURIComponent(page.at(-1) ?? '')}`;
  const next = `</v2/${repository}/tags/list?${query}>; rel="next"`;
  const body = { name: repository, tags: page.length === 0 ? null : page };
  return json(body, 'application/json', left.length > size ? { link: next } : {});
}

/** An index of the manifests with that subject. */
export function answerReferrers(
  url: URL,
  subject: string,
  manifests: ReadonlyMap<string, StoredManifest>,
  support: ReferrersSupport,
): Reply {
  if (support === 'none') return failure(404, 'UNSUPPORTED', 'no such path');
  const wanted = support === 'filtering' ? url.searchParams.get('artifactType') : null;
  const entries = [...manifests].flatMap(([digest, { mediaType, bytes }]) => {
    const manifest = bodyOf(bytes);
    if (manifest.subject?.digest !== subject) return [];
    const artifactType = manifest.artifactType ?? manifest.config?.mediaType;
    if (wanted !== null && artifactType !== wanted) return [];
    return [{ mediaType, digest, size: bytes.length, artifactType, annotations: manifest.annotations }];
  });
  const filters: Record<string, string> = wanted === null ? {} : { 'oci-filters-applied': 'artifactType' };
  return json({ schemaVersion: 2, mediaType: ociIndex, manifests: entries }, ociIndex, filters);
}

/** Digest of what a manifest is about. */
export function subjectOf(bytes: Uint8Array): string | undefined {
  return bodyOf(bytes).subject?.digest;
}

interface ManifestBody {
  readonly artifactType?: string;
  readonly config?: { readonly mediaType: string };
  readonly subject?: { readonly digest: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

function bodyOf(bytes: Uint8Array): ManifestBody {
  try {
    return JSON.parse(Buffer.from(bytes).toString()) as ManifestBody;
  } catch {
    return {};
  }
}

function json(value: unknown, type: string, headers: Readonly<Record<string, string>>): Reply {
  return reply(200, { 'content-type': type, ...headers }, Buffer.from(JSON.stringify(value)));
}
