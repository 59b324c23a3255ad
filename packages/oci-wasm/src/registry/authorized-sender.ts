import type { Credential } from '../credentials/credential.ts';
import { OciError } from '../errors.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import type { Endpoint } from './endpoints.ts';
import type { Http, HttpRequest, HttpResponse } from './http.ts';
import { responseError } from './response-error.ts';
import { basicAuthorization, secretsOf, type TokenRequest, type TokenSource } from './token-source.ts';

/** As whom a repository was read. */
export type Access =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'credential'; readonly credential: Credential };

/** Sends the requests of one repository with whatever the registry wants to see. */
export interface AuthorizedSender {
  /** Resolves with any status but 401 and 403; rejects with {@link OciError} `UNAUTHORIZED` or `DENIED` for those. */
  send(request: AuthorizedRequest): Promise<HttpResponse>;
  /** As whom the last request was accepted. */
  readonly access: Access | undefined;
  /** Texts of credentials in use, never to be shown. */
  readonly secrets: readonly string[];
}

export interface AuthorizedRequest extends Omit<HttpRequest, 'authorization' | 'registry'> {
  /** For messages: what the request is about. */
  readonly subject: string;
  /** Rights that it needs besides the sender's own, e.g. on the repository that is mounted from. */
  readonly scopes?: readonly string[];
}

export interface AuthorizedSenderOptions {
  readonly http: Http;
  readonly tokens: TokenSource;
  readonly endpoint: Endpoint;
  /** The client's memory of what a registry has asked for, by registry. */
  readonly challenges: Map<string, Challenge>;
  /** Tried in order. */
  readonly credentials: readonly Credential[];
  /** Whether anonymous access is tried after them. @default true */
  readonly anonymous?: boolean;
  /** e.g. `repository:team/app:pull`; absent for the registry itself. */
  readonly scope: string | undefined;
  readonly reference?: string;
  /** Said when access is refused, in place of the usual advice. */
  readonly remedy?: string;
}

/** Registries whose challenge one client remembers. */
const maxChallenges = 1_000;

/**
 * Begins without credentials until the registry has asked for some; then tries the credentials in order and
 * anonymous access last, and stays with what has worked.
 */
export function createAuthorizedSender(options: AuthorizedSenderOptions): AuthorizedSender {
  const {
    http,
    tokens,
    endpoint,
    challenges,
    credentials,
    anonymous = true,
    scope,
    reference,
    remedy,
  } = options;
  const secrets = credentials.flatMap(secretsOf);
  const identities: readonly (Credential | undefined)[] = anonymous
    ? [...credentials, undefined]
    : credentials;
  let chosen = 0;
  let access: Access | undefined;

  const attempt = async (
    request: AuthorizedRequest,
    authorization: string | undefined,
  ): Promise<HttpResponse> => {
    const { subject: _, scopes: __, ...rest } = request;
    return http.send({
      ...rest,
      registry: endpoint.origin,
      // Uploads may continue at another origin, which credentials are not for.
      authorization: request.url.origin === endpoint.origin ? authorization : undefined,
    });
  };

  /** The first time for what is needed; then for what the registry asks for as well, in its order. */
  const tokenRequest = (
    { scopes: more = [] }: AuthorizedRequest,
    challenge: Challenge,
    credential: Credential | undefined,
    isSecond: boolean,
  ): TokenRequest => {
    const asked = (challenge.parameters['scope'] ?? '').split(' ').filter((text) => text !== '');
    const needed = [...(scope === undefined ? [] : [scope]), ...more];
    const scopes = isSecond || needed.length === 0 ? new Set([...asked, ...needed]) : new Set(needed);
    return { endpoint, challenge, scopes: [...scopes], credential };
  };

  /** The header for an identity; undefined when there is none to show. */
  const authorizationOf = async (
    request: AuthorizedRequest,
    challenge: Challenge,
    identity: Credential | undefined,
    isSecond: boolean,
  ): Promise<string | undefined> => {
    if (identity?.registryToken !== undefined) return `Bearer ${identity.registryToken}`;
    if (challenge.scheme === 'bearer') {
      return `Bearer ${await tokens.get(tokenRequest(request, challenge, identity, isSecond), request.signal)}`;
    }
    const { username, password } = identity ?? {};
    return username === undefined || password === undefined
      ? undefined
      : basicAuthorization(username, password);
  };

  /** Tries one identity, with a new token where a kept one is not taken any more; undefined when it is of no use here. */
  const tryIdentity = async (
    request: AuthorizedRequest,
    challenge: Challenge,
    identity: Credential | undefined,
  ): Promise<HttpResponse | undefined> => {
    const authorization = await authorizationOf(request, challenge, identity, false);
    if (authorization === undefined && identity !== undefined) return undefined;
    const response = await attempt(request, authorization);
    const isToken = challenge.scheme === 'bearer' && identity?.registryToken === undefined;
    if (!isToken || response.status !== 401 || !isOwn(response)) return response;
    await response.discard();
    tokens.forget(tokenRequest(request, challenge, identity, false));
    const current = challengeOf(response) ?? challenge;
    return attempt(request, await authorizationOf(request, current, identity, true));
  };

  /** What a server says to which the registry has redirected is not about who is asking. */
  const isOwn = (response: HttpResponse): boolean => response.url.origin === endpoint.origin;
  const isRefusal = (response: HttpResponse): boolean =>
    (response.status === 401 || response.status === 403) && isOwn(response);

  const refusal = (response: HttpResponse, { subject }: AuthorizedRequest): Promise<OciError> => {
    const sources = credentials.map(({ source, username }) => source ?? username ?? 'a token');
    const tried = sources.length === 0 ? '' : ` (tried the credentials of ${sources.join(', ')})`;
    return responseError(response, {
      subject,
      registry: endpoint.registry,
      reference,
      secrets,
      tried,
      remedy,
    });
  };

  return {
    get access() {
      return access;
    },
    secrets,
    async send(request) {
      let failure: OciError | undefined;
      let challenge = challenges.get(endpoint.registry);
      const isKnown = challenge !== undefined;
      if (challenge === undefined) {
        const response = await attempt(request, undefined);
        if (!isRefusal(response)) {
          access ??= { kind: 'anonymous' };
          return response;
        }
        challenge = challengeOf(response);
        if (challenge === undefined) throw await refusal(response, request);
        failure = await refusal(response, request);
        if (challenges.size >= maxChallenges) challenges.clear();
        challenges.set(endpoint.registry, challenge);
      }
      for (const [index, identity] of identities.entries()) {
        if (index < chosen) continue;
        // Without tokens, to be anonymous is to show nothing, as above.
        if (identity === undefined && challenge.scheme === 'basic' && !isKnown) continue;
        try {
          const response = await tryIdentity(request, challenge, identity);
          if (response === undefined) continue;
          if (!isRefusal(response)) {
            chosen = index;
            access =
              identity === undefined ? { kind: 'anonymous' } : { kind: 'credential', credential: identity };
            return response;
          }
          failure = telling(failure, await refusal(response, request));
        } catch (error) {
          if (!(error instanceof OciError) || (error.code !== 'UNAUTHORIZED' && error.code !== 'DENIED'))
            throw error;
          failure = telling(failure, error);
        }
      }
      // It may have changed its mind of what it wants.
      challenges.delete(endpoint.registry);
      throw failure ?? (await refusal(await attempt(request, undefined), request));
    },
  };
}

/** The first challenge of a kind that is known. */
function challengeOf(response: HttpResponse): Challenge | undefined {
  return parseChallenges(response.headers('www-authenticate')).find(
    ({ scheme }) => scheme === 'basic' || scheme === 'bearer',
  );
}

/** "Denied" says more than "who are you?", and later attempts no more than earlier ones. */
function telling(earlier: OciError | undefined, later: OciError): OciError {
  return earlier === undefined || (earlier.code === 'UNAUTHORIZED' && later.code === 'DENIED')
    ? later
    : earlier;
}
