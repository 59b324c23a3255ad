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
  /** The client's memory of what a registry has asked for, by origin. */
  readonly challenges: Map<string, readonly Challenge[]>;
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

/** Registries whose challenges one client remembers. */
const maxChallenges = 1_000;
/** Scopes beyond its own that one sender asks for. */
const maxGrown = 16;
const maxScopeLength = 512;

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

  /** Scopes that the registry has asked for beyond the sender's own, the latest first. */
  let grown: readonly string[] = [];

  const attempt = async (
    request: AuthorizedRequest,
    authorization: string | undefined,
  ): Promise<HttpResponse> => {
    const { subject: _, scopes: __, ...rest } = request;
    const outgoing = { ...rest, registry: endpoint.origin, settings: endpoint.settings };
    const isAtHome = request.url.origin === endpoint.origin;
    // Uploads may continue at another origin, which credentials are not for.
    const response = await http.send({ ...outgoing, authorization: isAtHome ? authorization : undefined });
    const mayGoOn = request.method === 'GET' || request.method === 'HEAD';
    if (response.status !== 401 || isOwn(response) || !isAtHome || !mayGoOn) return response;
    const elsewhere = await anonymousElsewhere(response, request.signal);
    if (elsewhere === undefined) return response;
    await response.discard();
    return http.send({ ...outgoing, url: response.url, authorization: elsewhere });
  };

  /** A server to which the registry has redirected may want a token, and is shown nobody's credentials for it. */
  const anonymousElsewhere = async (
    response: HttpResponse,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> => {
    const challenge = challengesOf(response).find(({ scheme }) => scheme === 'bearer');
    if (challenge === undefined) return undefined;
    const { host, origin } = response.url;
    const elsewhere = { ...endpoint, registry: host, origin, settings: undefined };
    const request = {
      endpoint: elsewhere,
      challenge,
      scopes: askedFor(challenge),
      behalfOf: endpoint.origin,
    };
    try {
      return `Bearer ${await tokens.get(request, signal)}`;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof OciError) return undefined;
      throw error;
    }
  };

  const tokenRequest = (
    { scopes: more = [] }: AuthorizedRequest,
    challenge: Challenge,
    credential: Credential | undefined,
  ): TokenRequest => {
    const needed = [...grown, ...(scope === undefined ? [] : [scope]), ...more];
    const scopes = needed.length === 0 ? askedFor(challenge) : [...new Set(needed)];
    return { endpoint, challenge, scopes, credential };
  };

  /** The header for an identity; undefined when there is none to show. */
  const authorizationOf = async (
    request: AuthorizedRequest,
    challenge: Challenge,
    identity: Credential | undefined,
  ): Promise<string | undefined> => {
    if (identity?.registryToken !== undefined) return `Bearer ${identity.registryToken}`;
    if (challenge.scheme === 'bearer') {
      return `Bearer ${await tokens.get(tokenRequest(request, challenge, identity), request.signal)}`;
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
    const authorization = await authorizationOf(request, challenge, identity);
    if (authorization === undefined && identity !== undefined) return undefined;
    const response = await attempt(request, authorization);
    const isToken = challenge.scheme === 'bearer' && identity?.registryToken === undefined;
    if (!isToken || !isRefusal(response)) return response;
    const current = challengesOf(response).find(({ scheme }) => scheme === 'bearer');
    const used = tokenRequest(request, challenge, identity);
    const asked = current === undefined ? [] : askedFor(current);
    // A 403 that asks for more than the token was for may become a 200.
    if (response.status === 403 && asked.every((one) => used.scopes.includes(one))) return response;
    await response.discard();
    tokens.forget(used);
    // First, because some token servers read no further.
    grown = [...new Set([...asked, ...grown])].slice(0, maxGrown);
    return attempt(request, await authorizationOf(request, current ?? challenge, identity));
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
      let offered = challenges.get(endpoint.origin);
      const isKnown = offered !== undefined;
      if (offered === undefined) {
        const response = await attempt(request, undefined);
        if (!isRefusal(response)) {
          access ??= { kind: 'anonymous' };
          return response;
        }
        offered = challengesOf(response);
        failure = await refusal(response, request);
        if (offered.length === 0) throw failure;
        if (challenges.size >= maxChallenges) challenges.clear();
        challenges.set(endpoint.origin, offered);
      }
      for (const [index, identity] of identities.entries()) {
        if (index < chosen) continue;
        const challenge = challengeFor(identity, offered);
        if (challenge === undefined) continue;
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
      challenges.delete(endpoint.origin);
      throw failure ?? (await refusal(await attempt(request, undefined), request));
    },
  };
}

/** The challenges of the kinds that are known. */
function challengesOf(response: HttpResponse): readonly Challenge[] {
  return parseChallenges(response.headers('www-authenticate')).filter(
    ({ scheme }) => scheme === 'basic' || scheme === 'bearer',
  );
}

/** The first challenge that an identity can answer. */
function challengeFor(
  identity: Credential | undefined,
  offered: readonly Challenge[],
): Challenge | undefined {
  const isToken = identity?.identityToken !== undefined || identity?.registryToken !== undefined;
  return isToken ? (offered.find(({ scheme }) => scheme === 'bearer') ?? offered[0]) : offered[0];
}

function askedFor(challenge: Challenge): readonly string[] {
  return (challenge.parameters['scope'] ?? '')
    .split(' ')
    .filter((text) => text !== '' && text.length <= maxScopeLength)
    .slice(0, maxGrown);
}

/** "Denied" says more than "who are you?", and later attempts no more than earlier ones. */
function telling(earlier: OciError | undefined, later: OciError): OciError {
  return earlier === undefined || (earlier.code === 'UNAUTHORIZED' && later.code === 'DENIED')
    ? later
    : earlier;
}
