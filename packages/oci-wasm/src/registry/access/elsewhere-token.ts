import { OciError } from '../../errors.ts';
import { knownChallenges, scopesOf } from './challenge.ts';
import type { Endpoint } from '../endpoints.ts';
import type { HttpResponse } from '../http/http.ts';
import type { TokenSource } from './token-source.ts';

/**
 * Nobody's token for a server to which a registry has redirected, and that has answered 401; undefined when there is none.
 * It is shown nobody's credentials for it.
 */
export async function elsewhereToken(
  response: HttpResponse,
  { endpoint, tokens }: { readonly endpoint: Endpoint; readonly tokens: TokenSource },
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const challenge = knownChallenges(response.headers('www-authenticate')).find(
    ({ scheme }) => scheme === 'bearer',
  );
  if (challenge === undefined) return undefined;
  const { host, origin } = response.url;
  const elsewhere = { ...endpoint, registry: host, origin, settings: undefined };
  const request = { endpoint: elsewhere, challenge, scopes: scopesOf(challenge), behalfOf: endpoint.origin };
  try {
    return await tokens.get(request, signal);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof OciError) return undefined;
    throw error;
  }
}
