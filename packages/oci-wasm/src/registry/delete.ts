import type { Descriptor } from '../content/descriptor.ts';
import { isManifestType } from '../content/media-types.ts';
import { OciError } from '../errors.ts';
import type { RepositoryContext } from './repository-context.ts';
import { responseError } from './response-error.ts';

/** Removes a manifest or a blob by its digest (distribution-spec, "Content Management"). */
export async function deleteContent(
  context: RepositoryContext,
  { mediaType, digest }: Descriptor,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { endpoint, name, sender } = context;
  const { registry } = endpoint;
  const isManifest = isManifestType(mediaType);
  const what = isManifest ? 'manifest' : 'blob';
  const subject = `cannot delete ${what} ${digest} of ${name}`;
  const url = context.url(`${what}s/${digest}`);
  const response = await sender.send({
    method: 'DELETE',
    url,
    scopes: [`repository:${context.repository}:delete`],
    signal,
    subject,
  });
  if (response.status === 202 || response.status === 200 || response.status === 204) {
    await response.discard();
    return;
  }
  const details = { host: registry, reference: name, status: response.status };
  if (response.status === 405) {
    await response.discard();
    const problem = 'the registry does not allow it (405); its operator can, or use its own interface';
    throw new OciError('UNSUPPORTED', `${subject}: ${problem}`, details);
  }
  if (response.status === 404) {
    await response.discard();
    const code = isManifest ? 'MANIFEST_UNKNOWN' : 'BLOB_UNKNOWN';
    throw new OciError(code, `${subject}: it is not there (404)`, details);
  }
  throw await responseError(response, { subject, registry, reference: name, secrets: sender.secrets });
}
