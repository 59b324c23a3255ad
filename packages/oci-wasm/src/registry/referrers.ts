import type { Descriptor } from '../content/descriptor.ts';
import { mediaTypes } from '../content/media-types.ts';
import { isRecord, readDescriptor } from '../content/read-descriptor.ts';
import type { ReferrersOptions } from '../content/target.ts';
import { OciError } from '../errors.ts';
import type { HttpResponse } from './http/http.ts';
import { pages } from './pages.ts';
import type { ReferrersTags } from './referrers-tag.ts';
import type { RepositoryContext } from './repository-context.ts';

/**
 * The manifests that refer to a subject: what the referrers API tells, else what is listed under the subject's
 * fallback tag (distribution-spec, "Listing Referrers").
 */
export async function* listReferrers(
  context: RepositoryContext,
  tags: ReferrersTags,
  { digest }: Descriptor,
  { artifactType, signal }: ReferrersOptions,
): AsyncGenerator<Descriptor, void, undefined> {
  const url = context.url(`referrers/${digest}`);
  if (artifactType !== undefined) url.searchParams.set('artifactType', artifactType);
  const subject = `cannot list what refers to ${context.name}@${digest}`;
  let isSupported = false;
  const answers = pages(context, { url, subject, accept: mediaTypes.ociIndex, signal }, hasNoReferrers);
  for await (const { response, body } of answers) {
    isSupported = true;
    const filters = (response.header('oci-filters-applied') ?? '').split(',').map((name) => name.trim());
    const wanted = filters.includes('artifactType') ? undefined : artifactType;
    yield* ofType(listed(body, subject, context), wanted);
  }
  if (!isSupported) yield* ofType(await tags.read(context, digest, signal), artifactType);
}

/** Whether a registry is without the API: it knows no such path, or answers with a page for people. */
function hasNoReferrers(response: HttpResponse): boolean {
  if (response.status === 404 || response.status === 405) return true;
  const type = response.header('content-type') ?? '';
  return response.status === 200 && !type.includes('json');
}

function ofType(list: readonly Descriptor[], artifactType: string | undefined): readonly Descriptor[] {
  return artifactType === undefined ? list : list.filter((entry) => entry.artifactType === artifactType);
}

function listed(
  body: unknown,
  subject: string,
  { endpoint, name }: RepositoryContext,
): readonly Descriptor[] {
  const manifests = isRecord(body) ? body['manifests'] : undefined;
  if (manifests === null) return [];
  if (!Array.isArray(manifests)) {
    throw new OciError('INVALID_RESPONSE', `${subject}: the registry answers without a list of manifests`, {
      host: endpoint.registry,
      reference: name,
    });
  }
  return manifests.map(readDescriptor).filter((entry) => entry !== undefined);
}
