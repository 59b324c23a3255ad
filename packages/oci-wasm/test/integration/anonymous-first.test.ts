import { describe, expect, test } from 'vitest';
import { addArtifact, emptyModule } from '../fixtures/artifacts.ts';
import { failureOf } from '../fixtures/failure-of.ts';
import { openSession, type Session } from '../fixtures/session.ts';
import type { RegistryAuth } from '../registry/access-control.ts';

const users = { me: 'secret' };
const closed = { kind: 'token', users } satisfies RegistryAuth;
const open = { ...closed, publicRepositories: ['team/app', 'team/known'] };
const mine = { source: 'secret default/mine', username: 'me', password: 'secret' };
const wrong = { source: 'secret default/wrong', username: 'me', password: 'old-password' };
const asNobody = { kind: 'anonymous' };
const asMe = { kind: 'credential', credential: mine };

/** Who asked the token server. */
const askers = ({ registry }: Session) =>
  registry.requests
    .filter(({ path }) => path.startsWith('/token'))
    .map(({ authorization }) => (authorization === undefined ? 'nobody' : 'somebody'));

/** A session whose client knows already how its registry is to be asked. */
async function openKnown(auth: RegistryAuth, ...options: readonly Parameters<typeof openSession>[1][]) {
  const session = await openSession({ auth }, ...options);
  addArtifact(session.registry, emptyModule);
  addArtifact(session.registry, emptyModule, { repository: 'team/known' });
  await session.pull({ reference: session.reference('team/known:v1') });
  session.registry.forget();
  return session;
}

describe('what everybody may read', () => {
  test('is read without showing a credential to anybody', async () => {
    await using session = await openSession({ auth: open });
    addArtifact(session.registry, emptyModule);
    expect((await session.pull({ credentials: [wrong, mine] })).access).toEqual(asNobody);
    expect(askers(session)).toEqual(['nobody']);
  });

  test('is read with a credential where that is wanted', async () => {
    await using session = await openSession({ auth: open }, { anonymous: 'last' });
    addArtifact(session.registry, emptyModule);
    expect((await session.pull({ credentials: [wrong, mine] })).access).toEqual(asMe);
    expect(askers(session)).toEqual(['somebody', 'somebody']);
  });

  test('is not asked for again as somebody when something in it is not there', async () => {
    await using session = await openKnown(open);
    await session.pull({ credentials: [mine] });
    session.registry.forget();
    const pulling = session.pull({ credentials: [mine], reference: session.reference('team/app:v9') });
    await expect(pulling).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
    expect(session.seen().filter((line) => line.endsWith('/v9'))).toHaveLength(2); // HEAD, GET
    expect(askers(session)).toEqual([]);
  });
});

describe('what not everybody may read', () => {
  test('costs an attempt of nobody once per repository', async () => {
    await using session = await openKnown(open);
    const path = 'team/private:v1';
    addArtifact(session.registry, emptyModule, { repository: 'team/private' });
    const pull = () => session.pull({ credentials: [mine], reference: session.reference(path) });
    expect((await pull()).access).toEqual(asMe);
    expect(session.seen().slice(0, 4)).toEqual([
      expect.stringMatching(/^GET \/token/),
      'HEAD /v2/team/private/manifests/v1',
      expect.stringMatching(/^GET \/token.*account=me/),
      'HEAD /v2/team/private/manifests/v1',
    ]);
    session.registry.forget();
    expect((await pull()).access).toEqual(asMe);
    expect(session.seen()[0]).toBe('HEAD /v2/team/private/manifests/v1');
    expect(askers(session)).toEqual([]);
  });

  test.each([
    ['a token that is not enough', /^$/],
    ['none', /^\/token(?!.*account)/],
  ])('costs it once for many pulls at the same time, where nobody is given %s', async (_title, refused) => {
    await using session = await openSession({ auth: closed });
    addArtifact(session.registry, emptyModule);
    session.registry.fail({ path: refused }, { kind: 'status', status: 401 });
    await Promise.all(Array.from({ length: 20 }, () => session.pull({ credentials: [mine] })));
    expect(askers(session)).toEqual(['nobody', 'somebody']);
  });

  test.each([
    ['401', { kind: 'status', status: 401 }],
    ['403', { kind: 'status', status: 403 }],
    ['400', { kind: 'status', status: 400 }],
    ['no token', { kind: 'status', status: 200, body: '{}' }],
  ] as const)('is read with a credential when the token server gives nobody %s', async (_title, fault) => {
    await using session = await openSession({ auth: closed });
    addArtifact(session.registry, emptyModule);
    session.registry.fail({ path: /^\/token/ }, fault, { times: 1 });
    expect((await session.pull({ credentials: [wrong, mine] })).access).toEqual(asMe);
    expect(askers(session)).toEqual(['nobody', 'somebody', 'somebody']);
  });

  test('and is hidden from others is read with a credential', async () => {
    await using session = await openKnown(open);
    session.registry.fail({ path: /team\/app\/manifests/ }, { kind: 'status', status: 404 }, { times: 1 });
    expect((await session.pull({ credentials: [mine] })).access).toEqual(asMe);
  });

  test('is refused in the words that are about the credential', async () => {
    await using session = await openSession({ auth: closed });
    addArtifact(session.registry, emptyModule);
    const pull = () => failureOf(session.pull({ credentials: [wrong] }));
    for (const error of [await pull(), await pull()]) {
      expect(error).toMatchObject({ code: 'UNAUTHORIZED', status: 401 });
      expect(error.message).toContain('secret default/wrong');
    }
  });
});

describe('a rate limit for those who are not logged in', () => {
  const limit = { kind: 'status', status: 429, headers: { 'retry-after': '3600' } } as const;
  const manifests = /team\/app\/manifests/;

  test.each([
    ['the registry', manifests],
    ['its token server', /^\/token\?.*team%2Fapp/],
  ])('of %s is a reason to log in at once', async (_title, path) => {
    const pauses: number[] = [];
    await using session = await openKnown(open, {
      onNotice: (notice) => void (notice.kind === 'pause' && pauses.push(notice.ms)),
    });
    session.registry.fail({ path }, limit, { times: 1 });
    expect((await session.pull({ credentials: [mine] })).access).toEqual(asMe);
    expect(askers(session)).toEqual(['nobody', 'somebody']);
    expect(pauses).toEqual([]);
    session.registry.forget();
    await session.pull({ credentials: [mine] });
    expect(askers(session)).toEqual([]);
  });

  test.each([
    ['with tokens', open],
    ['without tokens', { kind: 'basic', users }],
  ] as const)('is one before a registry %s has asked for any', async (_title, auth) => {
    const pauses: number[] = [];
    await using session = await openSession(
      { auth },
      { onNotice: (notice) => void (notice.kind === 'pause' && pauses.push(notice.ms)) },
    );
    addArtifact(session.registry, emptyModule);
    session.registry.fail({ path: manifests }, limit, { times: 1 });
    expect((await session.pull({ credentials: [wrong, mine] })).access).toEqual(asMe);
    // The first finds out that it speaks plain http.
    const asked = ['GET /v2/', 'HEAD /v2/team/app/manifests/v1', 'GET /v2/'];
    expect(session.seen().slice(0, 3)).toEqual(asked);
    expect(askers(session)).not.toContain('nobody');
    expect(pauses).toEqual([]);
  });

  test.each([
    // Once nobody is known to be let in, it is nobody first, and a limit a reason to look at the credentials again.
    ['takes none of them', open, [wrong], 1],
    ['wants none', undefined, [mine], 2],
  ] as const)('is waited for where a registry %s', async (_title, auth, credentials, waits) => {
    const pauses: number[] = [];
    await using session = await openSession(auth === undefined ? {} : { auth }, {
      onNotice: (notice) => void (notice.kind === 'pause' && pauses.push(notice.ms)),
    });
    addArtifact(session.registry, emptyModule);
    const short = { ...limit, headers: { 'retry-after': '1' } };
    session.registry.fail({ path: manifests }, short, { times: 2 });
    session.registry.fail({ path: /blobs/ }, short, { times: 1 });
    expect((await session.pull({ credentials })).access).toEqual(asNobody);
    // One of them finds out that it speaks plain http.
    expect(session.seen().filter((line) => line === 'GET /v2/')).toHaveLength(2);
    expect(pauses).toHaveLength(waits);
  });

  test('is waited for when no credential is taken', async () => {
    const pauses: number[] = [];
    await using session = await openKnown(open, {
      onNotice: (notice) => void (notice.kind === 'pause' && pauses.push(notice.ms)),
    });
    session.registry.fail({ path: manifests }, { ...limit, headers: { 'retry-after': '1' } }, { times: 2 });
    expect((await session.pull({ credentials: [wrong] })).access).toEqual(asNobody);
    expect(pauses).toHaveLength(1);
  });
});

test('what is written is not asked for as nobody', async () => {
  await using session = await openSession({ auth: open });
  await session.push({ module: emptyModule, credentials: [mine] });
  expect(askers(session)).toEqual(['somebody']);
});
