import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { failure, reply, type Reply } from './content-store.ts';

/** Name → password. */
export type Users = Readonly<Record<string, string>>;

export type RegistryAuth =
  | { readonly kind: 'basic'; readonly users: Users }
  | {
      readonly kind: 'token';
      readonly users: Users;
      /** Refresh token → user. */
      readonly identityTokens?: Readonly<Record<string, string>>;
      /** Repositories that anybody may pull. @default none */
      readonly publicRepositories?: readonly string[];
      /** Repositories that a user may not touch though it is known. @default none */
      readonly denied?: Readonly<Record<string, readonly string[]>>;
      /** @default left out of the answer */
      readonly expiresInSeconds?: number;
      /** URL of the token server. @default this server's `/token` */
      readonly realm?: string;
      /** Field of the answer. @default 'token' */
      readonly field?: 'token' | 'access_token';
    };

export interface AccessRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface AccessControl {
  /** The answer to a request that may not go on, or that is for the token server; else undefined. */
  check(request: AccessRequest): Reply | undefined;
}

export function createAccessControl(auth: RegistryAuth | undefined, origin: string): AccessControl {
  if (auth === undefined) return { check: () => undefined };
  if (auth.kind === 'basic') {
    const challenge = { 'www-authenticate': 'Basic realm="test registry"' };
    return {
      check: ({ headers }) =>
        userOf(headers.authorization, auth.users) === undefined
          ? failure(401, 'UNAUTHORIZED', 'authentication required', challenge)
          : undefined,
    };
  }
  const { users, identityTokens = {}, publicRepositories = [], denied = {}, field = 'token' } = auth;
  const realm = auth.realm ?? `${origin}/token`;
  const grants = new Map<string, Set<string>>();

  const issue = (user: string | undefined, scopes: readonly string[]): Reply => {
    const granted = new Set<string>(['login']);
    for (const scope of scopes.flatMap((text) => text.split(' '))) {
      const [, repository = '', actions = ''] = scope.split(':');
      for (const action of actions.split(',')) {
        const isOpen = action === 'pull' && publicRepositories.includes(repository);
        const isMember = user !== undefined && denied[user]?.includes(repository) !== true;
        if (isOpen || isMember) granted.add(`${repository}:${action}`);
      }
    }
    const token = randomUUID();
    grants.set(token, granted);
    const expires = auth.expiresInSeconds === undefined ? {} : { expires_in: auth.expiresInSeconds };
    return json({ [field]: token, ...expires });
  };

  const tokenAnswer = ({ method, url, headers, body }: AccessRequest): Reply => {
    if (method === 'POST') {
      const form = new URLSearchParams(body.toString());
      const user = identityTokens[form.get('refresh_token') ?? ''];
      if (form.get('grant_type') !== 'refresh_token' || user === undefined) {
        return reply(400, {}, Buffer.from(JSON.stringify({ error: 'invalid_grant' })));
      }
      return issue(user, form.getAll('scope'));
    }
    const user = userOf(headers.authorization, users);
    if (headers.authorization !== undefined && user === undefined) {
      return failure(401, 'UNAUTHORIZED', `wrong credentials: ${headers.authorization}`);
    }
    return issue(user, url.searchParams.getAll('scope'));
  };

  return {
    check(request) {
      const { url, method, headers } = request;
      if (url.pathname === '/token') return tokenAnswer(request);
      const repository = /^\/v2\/(.+?)\/(?:manifests|blobs|tags|referrers)\//.exec(url.pathname)?.[1];
      const action = method === 'GET' || method === 'HEAD' ? 'pull' : 'push';
      const needed = repository === undefined ? 'login' : `${repository}:${action}`;
      const source = url.searchParams.get('from');
      const granted = grants.get(/^Bearer (.*)$/.exec(headers.authorization ?? '')?.[1] ?? '');
      const isMountable = source === null || granted?.has(`${source}:pull`) === true;
      if (granted?.has(needed) === true && isMountable) return undefined;
      const also = source === null ? '' : ` repository:${source}:pull`;
      const scope = repository === undefined ? '' : `,scope="repository:${repository}:${action}${also}"`;
      const error = granted === undefined ? '' : ',error="insufficient_scope"';
      const challenge = {
        'www-authenticate': `Bearer realm="${realm}",service="test registry"${scope}${error}`,
      };
      return granted === undefined || repository === undefined
        ? failure(401, 'UNAUTHORIZED', 'authentication required', challenge)
        : failure(
            publicRepositories.includes(repository) ? 403 : 401,
            'DENIED',
            'requested access is denied',
            challenge,
          );
    },
  };
}

function userOf(authorization: string | undefined, users: Users): string | undefined {
  const [, encoded = ''] = /^Basic (.*)$/.exec(authorization ?? '') ?? [];
  const [, name = '', password] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString()) ?? [];
  return password !== undefined && users[name] === password ? name : undefined;
}

function json(value: unknown): Reply {
  return reply(200, { 'content-type': 'application/json' }, Buffer.from(JSON.stringify(value)));
}
