import { createHash } from 'node:crypto';
import { parseStrictJson } from '../../content/strict-json.ts';
import { collect } from '../../content/verified.ts';
import type { Credential } from '../../credentials/credential.ts';
import { OciError } from '../../errors.ts';
import { abortable } from '../../content/abortable.ts';
import type { Challenge } from './challenge.ts';
import type { Endpoint } from '../endpoints.ts';
import { responseError } from '../response-error.ts';
import type { Http, HttpRequest, HttpResponse } from '../http/http.ts';
import type { UrlGuard } from '../http/url-guard.ts';

export interface TokenRequest {
  readonly endpoint: Endpoint;
  /** A bearer challenge. */
  readonly challenge: Challenge;
  /** e.g. `repository:team/app:pull`; several are asked for in this order. */
  readonly scopes: readonly string[];
  /** Absent: anonymous. */
  readonly credential?: Credential | undefined;
  /** Whether a rate limit of the token server is waited for. @default true */
  readonly waitsWhenLimited?: boolean;
  /** Origin of the registry that has sent its client to the endpoint. @default the endpoint's own */
  readonly behalfOf?: string;
}

/** Bearer tokens of token servers (distribution-spec, "Token Authentication"), kept until shortly before they expire. */
export interface TokenSource {
  /** Rejects with {@link OciError}: `UNAUTHORIZED` or `DENIED` when the token server refuses the credential. */
  get(request: TokenRequest, signal: AbortSignal | undefined): Promise<string>;
  /** Forgets a token that a registry has not accepted. Returns false when there was none to forget. */
  forget(request: TokenRequest): boolean;
}

interface Token {
  readonly text: string;
  /** By `performance.now()`. */
  readonly expiresAt: number;
}

/** Of one client; the oldest is dropped. */
const maxTokens = 1_000;

export interface TokenSourceOptions {
  readonly http: Http;
  readonly guard: UrlGuard;
  /** Until a token server has given a token. */
  readonly tokenMs: number;
}

export function createTokenSource(options: TokenSourceOptions): TokenSource {
  const tokens = new Map<string, Promise<Token>>();

  const valid = async (key: string): Promise<Token | undefined> => {
    // One that failed is not in the map any more; whoever waited for it hears of the failure.
    const token = await tokens.get(key);
    if (token !== undefined && token.expiresAt > performance.now()) return token;
    tokens.delete(key);
    return undefined;
  };

  return {
    async get(request, signal) {
      const key = keyOf(request);
      const kept = await abortable(valid(key), signal);
      if (kept) return kept.text;
      // Shared by all who wait for it, so not ended with any one of them; its own time limits bound it.
      const fetching = tokens.get(key) ?? fetchToken(options, request);
      tokens.set(key, fetching);
      const [oldest] = tokens.keys();
      if (tokens.size > maxTokens && oldest !== undefined) tokens.delete(oldest);
      try {
        return (await abortable(fetching, signal)).text;
      } catch (error) {
        fetching.catch(() => {
          if (tokens.get(key) === fetching) tokens.delete(key);
        });
        throw error;
      }
    },
    forget: (request) => tokens.delete(keyOf(request)),
  };
}

function keyOf({ endpoint, challenge, scopes, credential }: TokenRequest): string {
  const { realm, service } = challenge.parameters;
  const { username, password, identityToken } = credential ?? {};
  const parts = [endpoint.origin, realm, service, scopes, username, password, identityToken];
  // No secret is kept as a key.
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}

/** Bounded as a whole: whoever asks later waits for the same answer, and a server may send a byte now and then. */
async function fetchToken(options: TokenSourceOptions, request: TokenRequest): Promise<Token> {
  const { registry } = request.endpoint;
  const signal = AbortSignal.timeout(options.tokenMs);
  try {
    return await askForToken(options, request, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    const problem = `gave no token within ${options.tokenMs / 1000} s; try again later`;
    throw new OciError('TIMEOUT', `token server of registry ${registry} ${problem}`, {
      host: registry,
      cause: error,
    });
  }
}

async function askForToken(
  { http, guard }: TokenSourceOptions,
  request: TokenRequest,
  signal: AbortSignal,
): Promise<Token> {
  const { endpoint, challenge, credential } = request;
  const realm = challenge.parameters['realm'];
  if (realm === undefined) {
    throw new OciError('INVALID_RESPONSE', `registry ${endpoint.registry} names no token server`, {
      host: endpoint.registry,
    });
  }
  const url = guard.target(realm, { from: new URL(endpoint.origin), purpose: 'token server' });
  const response = await ask(http, url, request, signal);
  if (response.status !== 200) {
    const subject = `token server of registry ${endpoint.registry}`;
    const secrets = secretsOf(credential);
    const error = await responseError(response, { subject, registry: endpoint.registry, secrets });
    // Token servers refuse credentials with all kinds of answers.
    if (credential === undefined || error.code !== 'INVALID_RESPONSE') throw error;
    const message = `${error.message}; run \`wasmlet login ${endpoint.registry}\` again`;
    throw new OciError('UNAUTHORIZED', message, { host: endpoint.registry, status: response.status });
  }
  return readToken(http, response, endpoint);
}

async function ask(http: Http, url: URL, request: TokenRequest, signal: AbortSignal): Promise<HttpResponse> {
  const { identityToken, username, password } = request.credential ?? {};
  if (identityToken === undefined) return http.send(tokenRequest(url, request, signal));
  const response = await http.send(refreshRequest(url, request, identityToken, signal));
  if (response.status !== 404 && response.status !== 405) return response;
  // A token server without OAuth2: there the refresh token is a password.
  await response.discard();
  const credential = { username: username ?? tokenUser, password: password ?? identityToken };
  return http.send(tokenRequest(url, { ...request, credential }, signal));
}

/** The name under which docker's tools keep refresh tokens. */
const tokenUser = '<token>';

/** The token protocol of distribution: GET, with basic authentication where there is a credential. */
function tokenRequest(realm: URL, request: TokenRequest, signal: AbortSignal): HttpRequest {
  const { username, password = '' } = request.credential ?? {};
  const url = new URL(realm);
  for (const [name, value] of parametersOf(request)) url.searchParams.append(name, value);
  if (username !== undefined && username !== tokenUser) url.searchParams.set('account', username);
  return {
    method: 'GET',
    url,
    registry: request.behalfOf ?? request.endpoint.origin,
    settings: request.endpoint.settings,
    authorization: username === undefined ? undefined : basicAuthorization(username, password),
    waitsWhenLimited: request.waitsWhenLimited ?? true,
    signal,
  };
}

/** OAuth2 with a refresh token (distribution-spec, "oauth2 token authentication"). */
function refreshRequest(
  url: URL,
  request: TokenRequest,
  identityToken: string,
  signal: AbortSignal,
): HttpRequest {
  const form = new URLSearchParams([
    ['grant_type', 'refresh_token'],
    ['client_id', 'wasmlet'],
    ['refresh_token', identityToken],
    ...parametersOf(request).filter(([name]) => name !== 'scope'),
    ['scope', request.scopes.join(' ')],
  ]);
  return {
    method: 'POST',
    url,
    registry: request.behalfOf ?? request.endpoint.origin,
    settings: request.endpoint.settings,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(form.toString()),
    follow: false,
    signal,
  };
}

function parametersOf({ challenge, scopes }: TokenRequest): readonly [name: string, value: string][] {
  const { service } = challenge.parameters;
  return [
    ...(service === undefined ? [] : [['service', service] as [string, string]]),
    ...scopes.map((scope) => ['scope', scope] as [string, string]),
  ];
}

export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

export function secretsOf(credential: Credential | undefined): readonly string[] {
  const { username = '', password, identityToken, registryToken } = credential ?? {};
  const passwords = [password, identityToken].filter((secret) => secret !== undefined);
  const basics = [username, tokenUser].flatMap((name) =>
    passwords.map((secret) => basicAuthorization(name, secret).slice('Basic '.length)),
  );
  return [password, identityToken, registryToken, ...basics].filter(
    (secret) => secret !== undefined && secret !== '',
  ) as string[];
}

const maxTokenBytes = 128 * 1024;
/** Of tokens that do not say (distribution's token specification). */
const defaultLifetimeSeconds = 60;

async function readToken(http: Http, response: HttpResponse, { registry }: Endpoint): Promise<Token> {
  const invalid = (problem: string): OciError =>
    new OciError('INVALID_RESPONSE', `token server of registry ${registry}: ${problem}`, {
      host: response.url.host,
    });
  const bytes = await collect(response.body, maxTokenBytes, () =>
    invalid(`more than ${maxTokenBytes} bytes`),
  ).catch((error: unknown) => {
    throw http.bodyError(error, response.url.host);
  });
  let answer: unknown;
  try {
    answer = parseStrictJson(bytes);
  } catch (cause) {
    // Its own cause is left out: the parser's message quotes the answer, which may hold a token.
    throw invalid(`its answer ${(cause as Error).message}`);
  }
  const fields = (typeof answer === 'object' && answer !== null ? answer : {}) as Readonly<
    Record<string, unknown>
  >;
  const text = [fields['token'], fields['access_token']].find(
    (value) => typeof value === 'string' && value !== '',
  );
  if (typeof text !== 'string' || !/^[\x21-\x7e]+$/.test(text))
    throw invalid('there is no token in its answer');
  const given = fields['expires_in'];
  const lifetimeMs = 1000 * (typeof given === 'number' && given > 0 ? given : defaultLifetimeSeconds);
  // Renewed a little early, so that none expires on its way.
  return { text, expiresAt: performance.now() + lifetimeMs - Math.min(10_000, lifetimeMs / 4) };
}
