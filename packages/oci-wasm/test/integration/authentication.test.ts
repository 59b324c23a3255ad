import { describe, expect, test } from 'vitest';
import { staticCredentials } from '../../src/index.ts';
import { addArtifact, emptyModule } from '../fixtures/artifacts.ts';
import { failureOf } from '../fixtures/failure-of.ts';
import { openSession } from '../fixtures/session.ts';
import type { RegistryAuth } from '../registry/access-control.ts';

const users = { me: 'secret', you: 'also secret' };
const basic: RegistryAuth = { kind: 'basic', users };
const token: RegistryAuth = { kind: 'token', users };
const mine = { source: 'secret default/mine', username: 'me', password: 'secret' };
const wrong = { source: 'secret default/wrong', username: 'me', password: 'old-password' };

describe.each([
  ['basic', basic],
  ['bearer', token],
] as const)('a registry with %s authentication', (_kind, auth) => {
  test('gives nothing to nobody, and says how to log in', async () => {
    await using session = await openSession({ auth });
    addArtifact(session.registry, emptyModule);
    const error = await failureOf(session.pull());
    expect(error).toMatchObject({ code: 'UNAUTHORIZED', status: 401, host: session.registry.host });
    expect(String(error)).toContain(`run \`wasmlet login ${session.registry.host}\``);
  });

  test('is read with the credential that fits, which is told', async () => {
    await using session = await openSession({ auth });
    addArtifact(session.registry, emptyModule);
    const pulled = await session.pull({ credentials: [wrong, mine] });
    expect(pulled.access).toEqual({ kind: 'credential', credential: mine });
  });

  test('takes a push', async () => {
    await using session = await openSession({ auth });
    const pushed = await session.push({ module: emptyModule, credentials: [mine] });
    expect((await session.pull({ credentials: [mine] })).digest).toBe(pushed.digest);
  });

  test('is asked with what the client’s source finds for it', async () => {
    await using session = await openSession({ auth });
    addArtifact(session.registry, emptyModule);
    await using other = await openSession(
      { auth },
      { credentials: staticCredentials([{ key: `${session.registry.host}/team`, ...mine }]) },
    );
    expect((await other.pull({ reference: session.reference() })).access.kind).toBe('credential');
    await expect(other.pull({ reference: session.reference('others/app:v1') })).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
    });
  });

  test('that refuses names the sources of what was tried, and no secret', async () => {
    await using session = await openSession({ auth });
    addArtifact(session.registry, emptyModule);
    const error = String(await failureOf(session.pull({ credentials: [wrong] })));
    expect(error).toContain('tried the credentials of secret default/wrong');
    expect(error).not.toContain('old-password');
    expect(error).not.toContain(Buffer.from('me:old-password').toString('base64'));
  });
});

describe('bearer tokens', () => {
  test('are given to anybody for a public repository', async () => {
    await using session = await openSession({ auth: { ...token, publicRepositories: ['team/app'] } });
    addArtifact(session.registry, emptyModule);
    expect((await session.pull()).access).toEqual({ kind: 'anonymous' });
  });

  test('are asked for anonymously when the credentials are stale', async () => {
    const auth = { ...token, publicRepositories: ['team/app'] };
    await using session = await openSession({ auth }, { anonymous: 'last' });
    addArtifact(session.registry, emptyModule);
    expect((await session.pull({ credentials: [wrong] })).access).toEqual({ kind: 'anonymous' });
  });

  test('are refused to an account without rights, which is told apart', async () => {
    await using session = await openSession({ auth: { ...token, denied: { me: ['team/app'] } } });
    addArtifact(session.registry, emptyModule);
    session.registry.fail({ path: /manifests/ }, { kind: 'status', status: 403 });
    const pulling = session.pull({ credentials: [mine] });
    await expect(pulling).rejects.toMatchObject({ code: 'DENIED', status: 403 });
  });

  test('come for a refresh token', async () => {
    await using session = await openSession({ auth: { ...token, identityTokens: { 'refresh-1': 'me' } } });
    addArtifact(session.registry, emptyModule);
    const credential = { identityToken: 'refresh-1' };
    expect((await session.pull({ credentials: [credential] })).access).toEqual({
      kind: 'credential',
      credential,
    });
  });

  test('may be a credential themselves', async () => {
    await using session = await openSession({ auth: token });
    addArtifact(session.registry, emptyModule);
    const answer = await fetch(`${session.registry.origin}/token?scope=repository:team/app:pull`, {
      headers: { authorization: `Basic ${Buffer.from('me:secret').toString('base64')}` },
    });
    const { token: registryToken } = (await answer.json()) as { token: string };
    expect((await session.pull({ credentials: [{ registryToken }] })).access.kind).toBe('credential');
  });

  test('are understood as access_token as well', async () => {
    await using session = await openSession({ auth: { ...token, field: 'access_token' } });
    addArtifact(session.registry, emptyModule);
    expect((await session.pull({ credentials: [mine] })).access.kind).toBe('credential');
  });

  test('are fetched once for many pulls at the same time', async () => {
    await using session = await openSession({ auth: token }, { anonymous: 'last' });
    addArtifact(session.registry, emptyModule);
    await Promise.all(Array.from({ length: 20 }, () => session.pull({ credentials: [mine] })));
    await session.pull({ credentials: [mine] });
    expect(session.seen().filter((line) => line.startsWith('GET /token'))).toHaveLength(1);
  });

  test('are one per repository and per credential', async () => {
    await using session = await openSession({ auth: token });
    addArtifact(session.registry, emptyModule);
    addArtifact(session.registry, emptyModule, { repository: 'team/other' });
    await session.pull({ credentials: [mine] });
    await session.pull({ credentials: [mine], reference: session.reference('team/other:v1') });
    await expect(session.pull({ credentials: [wrong] })).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    const you = { username: 'you', password: 'also secret' };
    expect((await session.pull({ credentials: [you] })).access).toEqual({
      kind: 'credential',
      credential: you,
    });
  });

  test('are asked for the one repository that is meant', async () => {
    await using session = await openSession({ auth: token });
    addArtifact(session.registry, emptyModule);
    addArtifact(session.registry, emptyModule, { repository: 'team/other' });
    await session.pull({ credentials: [mine] });
    session.registry.forget();
    await session.pull({ credentials: [mine], reference: session.reference('team/other:v1') });
    const [asked] = session.seen().filter((line) => line.startsWith('GET /token'));
    expect(new URLSearchParams(asked?.split('?')[1]).getAll('scope')).toEqual(['repository:team/other:pull']);
  });

  test('that the registry does not take any more are renewed', async () => {
    await using session = await openSession({ auth: token });
    addArtifact(session.registry, emptyModule);
    await session.pull({ credentials: [mine] });
    const challenge = `Bearer realm="${session.registry.origin}/token",service="test registry"`;
    session.registry.fail(
      { path: /manifests/ },
      { kind: 'status', status: 401, headers: { 'www-authenticate': challenge } },
      { times: 1 },
    );
    expect((await session.pull({ credentials: [mine] })).access.kind).toBe('credential');
  });

  test.each([
    ['plain http elsewhere', 'http://tokens.example/token'],
    ['the metadata service', 'https://169.254.169.254/token'],
    ['a private address', 'https://192.168.1.1/token'],
    ['no URL', 'token server'],
  ])('are not asked for at %s', async (_title, realm) => {
    await using session = await openSession({ auth: { ...token, realm } });
    addArtifact(session.registry, emptyModule);
    const pulling = session.pull({ credentials: [mine] });
    await expect(pulling).rejects.toMatchObject({ code: 'UNSAFE_URL' });
  });

  test('that never come end in an error that names the registry', async () => {
    await using session = await openSession({ auth: token }, { timeouts: { idleMs: 200 } });
    addArtifact(session.registry, emptyModule);
    session.registry.fail({ path: /^\/token/ }, { kind: 'hang' });
    await expect(session.pull({ credentials: [mine] })).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  test('that come too slowly end in an error as well', async () => {
    await using session = await openSession({ auth: token }, { timeouts: { tokenMs: 200 } });
    addArtifact(session.registry, emptyModule);
    session.registry.fail({ path: /^\/token/ }, { kind: 'stall', afterBytes: 1 });
    await expect(session.pull({ credentials: [mine] })).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: `token server of registry ${session.registry.host} gave no token within 0.2 s; try again later`,
    });
  });

  test('that are cut off end in an error that names the server', async () => {
    await using session = await openSession({ auth: token });
    addArtifact(session.registry, emptyModule);
    session.registry.fail({ path: /^\/token/ }, { kind: 'truncate', afterBytes: 5 });
    const { host } = session.registry;
    await expect(session.pull({ credentials: [mine] })).rejects.toMatchObject({ name: 'OciError', host });
  });

  test.each([
    ['endless', { kind: 'status', status: 200, body: 'x'.repeat(200_000) }],
    ['not JSON', { kind: 'status', status: 200, body: '<html>' }],
    ['without a token', { kind: 'status', status: 200, body: '{}' }],
    ['with a line break in it', { kind: 'status', status: 200, body: '{"token":"a\\r\\nb"}' }],
  ] as const)('whose answer is %s are refused', async (_title, fault) => {
    await using session = await openSession({ auth: token });
    addArtifact(session.registry, emptyModule);
    session.registry.fail({ path: /^\/token/ }, fault);
    await expect(session.pull({ credentials: [mine] })).rejects.toMatchObject({ code: 'INVALID_RESPONSE' });
  });
});

test('a registry that repeats what it was sent does not bring it into the message', async () => {
  await using session = await openSession({ auth: basic });
  addArtifact(session.registry, emptyModule);
  const sent = Buffer.from('me:old-password').toString('base64');
  const body = JSON.stringify({ errors: [{ code: 'DENIED', message: `no: old-password ${sent}` }] });
  session.registry.fail({ path: /manifests/ }, { kind: 'status', status: 403, body });
  const error = await failureOf(session.pull({ credentials: [wrong] }));
  expect(String(error)).toContain('no: *** ***');
});
