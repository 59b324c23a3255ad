import type { Credential } from '../../credentials/credential.ts';
import { OciError } from '../../errors.ts';
import { type Challenge, knownChallenges, scopesOf } from './challenge.ts';
import { elsewhereToken } from './elsewhere-token.ts';
import { type Endpoint, urlAt } from '../endpoints.ts';
import type { Http, HttpRequest, HttpResponse } from '../http/http.ts';
import { type Access, type AnonymousAccess, createIdentities, type Identity, nobody } from './identities.ts';
import { responseError } from '../response-error.ts';
import { basicAuthorization, secretsOf, type TokenRequest, type TokenSource } from './token-source.ts';

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
  readonly anonymous: AnonymousAccess;
  /** The client's memory of who was let in, by registry and scope. */
  readonly sufficient: Map<string, Access['kind']>;
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

/** What came of being one identity. */
type Trial =
  | { readonly kind: 'answered'; readonly response: HttpResponse }
  /** Without an error where it has nothing to show. */
  | { readonly kind: 'refused'; readonly error?: OciError }
  /** Nobody got an answer that may be another one to somebody. */
  | { readonly kind: 'unclear' };

/**
 * Begins without credentials until the registry has asked for some; then tries nobody's and the credentials in the order
 * of {@link createIdentities}, and stays with what has worked.
 */
export function createAuthorizedSender(options: AuthorizedSenderOptions): AuthorizedSender {
  const { http, tokens, endpoint, challenges, credentials, anonymous, sufficient, scope, reference, remedy } =
    options;
  const secrets = credentials.flatMap(secretsOf);
  const place = `${endpoint.origin} ${scope ?? ''}`;
  const identities = createIdentities({ credentials, anonymous, sufficient, place });

  /** Scopes that the registry has asked for beyond the sender's own, the latest first. */
  let grown: readonly string[] = [];

  const attempt = async (
    request: AuthorizedRequest,
    authorization: string | undefined,
    waitsWhenLimited = true,
  ): Promise<HttpResponse> => {
    const { subject: _, scopes: __, ...rest } = request;
    const outgoing = { ...rest, waitsWhenLimited, registry: endpoint.origin, settings: endpoint.settings };
    const isAtHome = request.url.origin === endpoint.origin;
    // Uploads may continue at another origin, which credentials are not for.
    const response = await http.send({ ...outgoing, authorization: isAtHome ? authorization : undefined });
    if (response.status !== 401 || isOwn(response) || !isAtHome || !isRead(request)) return response;
    const token = await elsewhereToken(response, { endpoint, tokens }, request.signal);
    if (token === undefined) return response;
    await response.discard();
    return http.send({ ...outgoing, url: response.url, authorization: `Bearer ${token}` });
  };

  /** Whether the registry, asked what it wants to see, has wanted nothing. */
  let wantsNothing = false;

  /**
   * Before the registry has asked for anything. Where it limits nobody, and there are credentials, it is asked for its
   * challenge in place of waiting.
   */
  const sendUnasked = async (
    request: AuthorizedRequest,
  ): Promise<{ readonly response: HttpResponse; readonly isLimited: boolean }> => {
    const isHasty = isRead(request) && credentials.length > 0 && scope !== undefined && !wantsNothing;
    const response = await attempt(request, undefined, !isHasty);
    if (!isHasty || response.status !== 429 || !isOwn(response)) return { response, isLimited: false };
    await response.discard();
    const asking = { ...request, method: 'GET', url: urlAt(endpoint, ''), headers: {} } as const;
    const root = await attempt(asking, undefined, false);
    if (isRefusal(root) && challengesOf(root).length > 0) {
      identities.nobodyRefused();
      return { response: root, isLimited: true };
    }
    wantsNothing = true;
    await root.discard();
    return { response: await attempt(request, undefined), isLimited: false };
  };

  const tokenRequest = (
    { scopes: more = [] }: AuthorizedRequest,
    challenge: Challenge,
    { credential, isTentative }: Identity,
  ): TokenRequest => {
    const needed = [...grown, ...(scope === undefined ? [] : [scope]), ...more];
    const scopes = needed.length === 0 ? scopesOf(challenge) : [...new Set(needed)];
    return { endpoint, challenge, scopes, credential, waitsWhenLimited: !isTentative };
  };

  /** The header for an identity; undefined when there is none to show. */
  const authorizationOf = async (
    request: AuthorizedRequest,
    challenge: Challenge,
    identity: Identity,
  ): Promise<string | undefined> => {
    const { username, password, registryToken } = identity.credential ?? {};
    if (registryToken !== undefined) return `Bearer ${registryToken}`;
    if (challenge.scheme === 'bearer') {
      return `Bearer ${await tokens.get(tokenRequest(request, challenge, identity), request.signal)}`;
    }
    return username === undefined || password === undefined
      ? undefined
      : basicAuthorization(username, password);
  };

  /** Tries one identity, with a new token where a kept one is not taken any more; undefined when it is of no use here. */
  const sendAs = async (
    identity: Identity,
    request: AuthorizedRequest,
    challenge: Challenge,
  ): Promise<HttpResponse | undefined> => {
    const { credential, isTentative } = identity;
    const authorization = await authorizationOf(request, challenge, identity);
    if (authorization === undefined && credential !== undefined) return undefined;
    const response = await attempt(request, authorization, !isTentative);
    const isToken = challenge.scheme === 'bearer' && credential?.registryToken === undefined;
    if (!isToken || !isRefusal(response)) return response;
    const current = challengesOf(response).find(({ scheme }) => scheme === 'bearer');
    const used = tokenRequest(request, challenge, identity);
    const asked = current === undefined ? [] : scopesOf(current);
    // One that is good and not enough is only worth a new one if more is asked for than it was for.
    const isGood = response.status === 403 || current?.parameters['error'] === 'insufficient_scope';
    if (isGood && asked.every((one) => used.scopes.includes(one))) {
      // The rights may be given later; nobody's are not asked for again.
      if (response.status === 401 && !isTentative) tokens.forget(used);
      return response;
    }
    tokens.forget(used);
    await response.discard();
    // First, because some token servers read no further.
    grown = [...new Set([...asked, ...grown])].slice(0, maxGrown);
    return attempt(request, await authorizationOf(request, current ?? challenge, identity), !isTentative);
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

  const tryAs = async (
    identity: Identity,
    request: AuthorizedRequest,
    challenge: Challenge,
  ): Promise<Trial> => {
    const { isTentative } = identity;
    try {
      const response = await sendAs(identity, request, challenge);
      if (response === undefined) return { kind: 'refused' };
      if (isRefusal(response)) {
        if (isTentative) identities.nobodyRefused();
        return { kind: 'refused', error: await refusal(response, request) };
      }
      if (!isTentative || !isOwn(response) || !identities.isUnclear(response.status)) {
        return { kind: 'answered', response };
      }
      if (response.status === 429) identities.nobodyRefused();
      await response.discard();
      return { kind: 'unclear' };
    } catch (error) {
      if (!(error instanceof OciError)) throw error;
      if (!isTentative) {
        if (isRefusalError(error)) return { kind: 'refused', error };
        throw error;
      }
      const isLimited = error.code === 'TOO_MANY_REQUESTS';
      // Token servers say to nobody all kinds of things.
      if (!isLimited && !isRefusalError(error) && error.code !== 'INVALID_RESPONSE') throw error;
      identities.nobodyRefused();
      return isLimited ? { kind: 'unclear' } : { kind: 'refused', error };
    }
  };

  return {
    get access() {
      return identities.access;
    },
    secrets,
    async send(request) {
      let failure: OciError | undefined;
      let offered = challenges.get(endpoint.origin);
      let isNobodyRefused = false;
      if (offered === undefined) {
        const { response, isLimited } = await sendUnasked(request);
        if (!isRefusal(response)) {
          identities.acceptedUnasked();
          return response;
        }
        offered = challengesOf(response);
        failure = await refusal(response, request);
        if (offered.length === 0) throw failure;
        if (challenges.size >= maxChallenges) challenges.clear();
        challenges.set(endpoint.origin, offered);
        isNobodyRefused = !isLimited;
      }
      let refusedNobody: OciError | undefined;
      const waiting = [...identities.toTry(offered)];
      for (let identity = waiting.shift(); identity !== undefined; identity = waiting.shift()) {
        const { credential, isTentative } = identity;
        const challenge = challengeFor(credential, offered);
        if (challenge === undefined) continue;
        // Without tokens, to be anonymous is to show nothing, as above.
        if (credential === undefined && challenge.scheme === 'basic' && isNobodyRefused) continue;
        const trial = await tryAs(identity, request, challenge);
        if (trial.kind === 'answered') {
          identities.accepted(credential, trial.response.status);
          return trial.response;
        }
        if (trial.kind === 'unclear') waiting.push(nobody);
        else if (isTentative) refusedNobody = trial.error;
        else if (trial.error !== undefined) failure = telling(failure, trial.error);
      }
      // It may have changed its mind of what it wants.
      challenges.delete(endpoint.origin);
      throw failure ?? refusedNobody ?? (await refusal(await attempt(request, undefined), request));
    },
  };
}

function challengesOf(response: HttpResponse): readonly Challenge[] {
  return knownChallenges(response.headers('www-authenticate'));
}

/** The first challenge that an identity can answer. */
function challengeFor(
  identity: Credential | undefined,
  offered: readonly Challenge[],
): Challenge | undefined {
  const isToken = identity?.identityToken !== undefined || identity?.registryToken !== undefined;
  return isToken ? (offered.find(({ scheme }) => scheme === 'bearer') ?? offered[0]) : offered[0];
}

function isRead({ method }: AuthorizedRequest): boolean {
  return method === 'GET' || method === 'HEAD';
}

function isRefusalError({ code }: OciError): boolean {
  return code === 'UNAUTHORIZED' || code === 'DENIED';
}

/** "Denied" says more than "who are you?", and later attempts no more than earlier ones. */
function telling(earlier: OciError | undefined, later: OciError): OciError {
  return earlier === undefined || (earlier.code === 'UNAUTHORIZED' && later.code === 'DENIED')
    ? later
    : earlier;
}
