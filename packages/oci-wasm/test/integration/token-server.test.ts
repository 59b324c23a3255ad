import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { addArtifact, emptyModule } from '../fixtures/artifacts.ts';
import { failureOf } from '../fixtures/failure-of.ts';
import { openSession, type Session } from '../fixtures/session.ts';
import type { RegistryAuth } from '../registry/access-control.ts';
import { startTestRegistry } from '../registry/start-test-registry.ts';

const users = { me: 'secret', '<token>': 'refresh-1' };
const token = { kind: 'token', users } satisfies RegistryAuth;
const mine = { username: 'me', password: 'secret' };

/** Without those of nobody. */
const tokenRequests = ({ registry }: Session) =>
  registry.requests.filter(
    ({ path, method, authorization }) =>
      path.startsWith('/token') && (method === 'POST' || authorization !== undefined),
  );
const scopesOf = (path: string | undefined) => new URLSearchParams(path?.split('?')[1]).getAll('scope');

/** Makes the registry answer what matches with a challenge, once. */
function challengeOnce({ registry }: Session, path: RegExp, status: 401 | 403, scope: string): void {
  const challenge = `Bearer realm="${registry.origin}/token",service="test registry",scope="${scope}"`;
  registry.fail(
    { path },
    { kind: 'status', status, headers: { 'www-authenticate': challenge } },
    { times: 1 },
  );
}

/** Offers several ways in, once. */
function offer({ registry }: Session, challenges: readonly string[]): void {
  registry.fail(
    { path: /manifests/ },
    { kind: 'status', status: 401, headers: { 'www-authenticate': challenges.join(', ') } },
    { times: 1 },
  );
}

describe('the life of a token', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  test.each([
    ['60 s when the server does not say', {}, 45, 55],
    ['what the server says', { expiresInSeconds: 300 }, 285, 295],
    ['what the server says, however short', { expiresInSeconds: 2 }, 1, 1.9],
  ])('is %s, and it is renewed a little earlier', async (_title, options, kept, renewed) => {
    await using session = await openSession({ auth: { ...token, ...options } });
    addArtifact(session.registry, emptyModule);
    await session.pull({ credentials: [mine] });
    vi.advanceTimersByTime(kept * 1000);
    await session.pull({ credentials: [mine] });
    expect(tokenRequests(session)).toHaveLength(1);
    vi.advanceTimersByTime((renewed - kept) * 1000);
    await session.pull({ credentials: [mine] });
    expect(tokenRequests(session)).toHaveLength(2);
  });
});

describe('a registry that wants more than the first scope', () => {
  test.each([401, 403] as const)(
    'with %i gets it, first in order, and what was asked before',
    async (status) => {
      await using session = await openSession({ auth: token });
      addArtifact(session.registry, emptyModule);
      challengeOnce(session, /blobs/, status, 'repository:team/base:pull');
      await session.pull({ credentials: [mine] });
      expect(tokenRequests(session).map(({ path }) => scopesOf(path))).toEqual([
        ['repository:team/app:pull'],
        ['repository:team/base:pull', 'repository:team/app:pull'],
      ]);
    },
  );

  test('is not asked again and again for what it does not give', async () => {
    await using session = await openSession({ auth: token });
    addArtifact(session.registry, emptyModule);
    session.registry.fail(
      { path: /manifests/ },
      {
        kind: 'status',
        status: 401,
        headers: {
          'www-authenticate': `Bearer realm="${session.registry.origin}/token",scope="${'repository:a/b:pull '.repeat(400)}"`,
        },
      },
    );
    expect(await failureOf(session.pull({ credentials: [mine] }))).toMatchObject({ code: 'UNAUTHORIZED' });
    expect(session.registry.requests.length).toBeLessThan(15);
  });
});

describe('a refresh token', () => {
  test.each([404, 405])('is a password at a server that answers OAuth2 with %i', async (status) => {
    await using session = await openSession({ auth: token });
    addArtifact(session.registry, emptyModule);
    session.registry.fail({ method: 'POST', path: /^\/token/ }, { kind: 'status', status });
    const pulled = await session.pull({ credentials: [{ identityToken: 'refresh-1' }] });
    expect(pulled.access.kind).toBe('credential');
    expect(tokenRequests(session).map(({ method }) => method)).toEqual(['POST', 'GET']);
    expect(tokenRequests(session)[1]?.path).not.toContain('account');
  });

  test('that is refused stays out of the message, and public content is read all the same', async () => {
    const auth = { ...token, publicRepositories: ['team/public'] };
    await using session = await openSession({ auth });
    addArtifact(session.registry, emptyModule);
    addArtifact(session.registry, emptyModule, { repository: 'team/public' });
    const credentials = [{ identityToken: 'stale-token' }];
    const error = await failureOf(session.pull({ credentials }));
    expect(error).toMatchObject({ code: 'UNAUTHORIZED' });
    expect(error.message).not.toContain('stale-token');
    const open = await session.pull({ credentials, reference: session.reference('team/public:v1') });
    expect(open.access).toEqual({ kind: 'anonymous' });
  });
});

describe('of several challenges', () => {
  test('the first that is known is answered', async () => {
    await using session = await openSession({ auth: { kind: 'basic', users } });
    addArtifact(session.registry, emptyModule);
    offer(session, ['Negotiate', 'Basic realm="x"', 'Bearer realm="https://192.168.0.1/token"']);
    expect((await session.pull({ credentials: [mine] })).access.kind).toBe('credential');
  });

  test('a refresh token answers the one that it can', async () => {
    await using session = await openSession({ auth: { ...token, identityTokens: { 'refresh-2': 'me' } } });
    addArtifact(session.registry, emptyModule);
    offer(session, [
      'Basic realm="x"',
      `Bearer realm="${session.registry.origin}/token",service="test registry"`,
    ]);
    const credentials = [{ identityToken: 'refresh-2' }];
    expect((await session.pull({ credentials })).access.kind).toBe('credential');
  });
});

describe('a server that the registry redirects to, and that wants a token', () => {
  test('gets one that anybody is given, and never sees the credentials', async () => {
    await using session = await openSession({ auth: { kind: 'basic', users } });
    await using elsewhere = await startTestRegistry({
      auth: { ...token, publicRepositories: ['team/app'] },
    });
    addArtifact(session.registry, emptyModule);
    addArtifact(elsewhere, emptyModule);
    const layer = session.registry.content.addBlob('team/app', emptyModule).digest;
    const path = `/v2/team/app/blobs/${layer}`;
    session.registry.fail(
      { path: new RegExp(layer) },
      { kind: 'redirect', to: `${elsewhere.origin}${path}` },
    );
    expect((await session.pull({ credentials: [mine] })).kind).toBe('module');
    expect(elsewhere.requests.map(({ path: asked }) => asked.replace(/\?.*/, ''))).toEqual([
      path,
      '/token',
      path,
    ]);
    expect(elsewhere.requests.some(({ authorization }) => authorization?.startsWith('Basic') === true)).toBe(
      false,
    );
  });

  test('is not helped to reach further into the network', async () => {
    await using session = await openSession({ auth: { kind: 'basic', users } });
    await using elsewhere = await startTestRegistry({
      auth: { ...token, realm: 'https://169.254.169.254/token' },
    });
    addArtifact(session.registry, emptyModule);
    session.registry.fail(
      { path: /blobs/ },
      { kind: 'redirect', to: `${elsewhere.origin}/v2/team/app/blobs/x` },
    );
    expect(await failureOf(session.pull({ credentials: [mine] }))).toMatchObject({ status: 401 });
  });
});
