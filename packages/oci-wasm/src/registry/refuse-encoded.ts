import { OciError } from '../errors.ts';
import type { HttpResponse } from './http/http.ts';
import type { RepositoryContext } from './repository-context.ts';

/**
 * Throws when an answer is compressed though it was asked not to be: its bytes are not those that the digest is
 * of. Content that is merely labelled so, and has the length that is expected, is let pass: its digest decides.
 */
export function refuseEncoded(
  response: HttpResponse,
  { digest, size }: { readonly digest: string; readonly size: number | undefined },
  { endpoint, name }: RepositoryContext,
): void {
  const encoding = response.header('content-encoding')?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return;
  if (response.status === 200 && size !== undefined && response.header('content-length') === String(size))
    return;
  response.body.destroy();
  const shown = encoding.replace(/[^\w ,.-]+/g, '').slice(0, 40);
  const problem = `sends ${digest} with Content-Encoding ${shown} though none was asked for`;
  const remedy = 'turn compression off at the registry, or at the proxy before it';
  throw new OciError('INVALID_RESPONSE', `registry ${response.url.host} ${problem}; ${remedy}`, {
    host: endpoint.registry,
    reference: name,
  });
}
