import type { LookupFunction } from 'node:net';
import { describe, expect, test } from 'vitest';
import { addArtifact, moduleOf } from '../fixtures/artifacts.ts';
import { failureOf } from '../fixtures/failure-of.ts';
import { openSession } from '../fixtures/session.ts';
import { digestOf } from '../registry/content-store.ts';
import { startTestRegistry, type TestRegistry } from '../registry/start-test-registry.ts';

const module = moduleOf(50_000);
const digest = digestOf(module);
const layer = new RegExp(`^/v2/team/app/blobs/${digest}`);
const credentials = [{ username: 'me', password: 'secret' }];

describe('redirects of blobs', () => {
  test('are followed to another server, which sees no credentials', async () => {
    await using session = await openSession({ auth: { kind: 'basic', users: { me: 'secret' } } });
    await using other = await startTestRegistry();
    addArtifact(session.registry, module);
    other.content.addBlob('elsewhere', module);
    session.registry.fail(
      { path: layer },
      { kind: 'redirect', to: `${other.origin}/v2/elsewhere/blobs/${digest}` },
    );

    expect((await session.pull({ credentials })).transferred).toBe(true);
    expect(other.requests.map(({ authorization }) => authorization)).toEqual([undefined]);
    expect(session.registry.requests.at(-1)?.authorization).toMatch(/^Basic /);
  });

  test('keep credentials at the same server', async () => {
    await using session = await openSession({ auth: { kind: 'basic', users: { me: 'secret' } } });
    addArtifact(session.registry, module);
    const to = `/v2/team/app/blobs/${digest}?here`;
    session.registry.fail({ path: new RegExp(`${digest}$`) }, { kind: 'redirect', to, status: 302 });
    expect((await session.pull({ credentials })).transferred).toBe(true);
  });

  test.each([
    ['the metadata service', 'http://169.254.169.254/latest/meta-data/'],
    ['the metadata service over TLS', 'https://169.254.169.254/'],
    ['a link-local address', 'https://[fe80::1]/blob'],
    ['a private address', 'https://10.0.0.1/blob'],
    ['plain http elsewhere', 'http://registry.example/blob'],
    ['another protocol', 'file:///etc/passwd'],
    ['a URL with credentials', 'https://user:password@registry.example/blob'],
  ])('to %s are refused', async (_title, to) => {
    await using session = await openSession();
    addArtifact(session.registry, module);
    session.registry.fail({ path: layer }, { kind: 'redirect', to });
    const error = await failureOf(session.pull());
    expect(error).toMatchObject({ code: 'UNSAFE_URL', host: session.registry.host });
    expect(String(error)).not.toContain('password');
  });

  test('to a server that refuses say so, and no token is given up for it', async () => {
    await using session = await openSession({ auth: { kind: 'token', users: { me: 'secret' } } });
    await using other = await startTestRegistry();
    addArtifact(session.registry, module);
    other.fail({ path: /./ }, { kind: 'status', status: 403 });
    session.registry.fail({ path: layer }, { kind: 'redirect', to: `${other.origin}/blob` });
    expect(await failureOf(session.pull({ credentials }))).toMatchObject({ status: 403 });
    expect(other.requests).toHaveLength(1);
    const mine = session.registry.requests.filter(
      ({ path, authorization }) => path.startsWith('/token') && authorization !== undefined,
    );
    expect(mine).toHaveLength(1);
  });

  test('that never end are ended', async () => {
    await using session = await openSession();
    addArtifact(session.registry, module);
    session.registry.fail({ path: layer }, { kind: 'redirect', to: `/v2/team/app/blobs/${digest}?again` });
    await expect(session.pull()).rejects.toMatchObject({ code: 'INVALID_RESPONSE' });
    expect(session.seen().filter((line) => line.includes('blobs')).length).toBeLessThan(15);
  });
});

describe('a name that leads into the network of whoever pulls', () => {
  test('is not connected to for a public registry', async () => {
    await using registry = await startTestRegistry();
    await using inside = await startTestRegistry();
    const error = await pullFrom(registry, inside, []);
    expect(error).toMatchObject({ code: 'UNSAFE_URL', host: 'inside.test' });
    expect(inside.accepted).toBe(0);
  });

  test('is connected to when it has been granted', async () => {
    await using registry = await startTestRegistry();
    await using inside = await startTestRegistry();
    const error = await pullFrom(registry, inside, ['inside.test']);
    expect(error).toMatchObject({
      code: 'UNAVAILABLE',
      host: inside.host.replace('127.0.0.1', 'inside.test'),
    });
    expect(error.message).toContain('does not speak TLS');
  });
});

/** Pulls from a registry that sends its client on to another server, by a name. */
async function pullFrom(registry: TestRegistry, inside: TestRegistry, grants: readonly string[]) {
  addArtifact(registry, module);
  const port = new URL(inside.origin).port;
  registry.fail({ path: layer }, { kind: 'redirect', to: `https://inside.test:${port}/blob` });
  const host = `registry.test:${new URL(registry.origin).port}`;
  await using session = await openSession(
    {},
    { insecureRegistries: [host], lookup: namesOfThisTest, grants },
  );
  return await failureOf(session.pull({ reference: `${host}/team/app:v1` }));
}

/** The registry is public as well as here, where it answers. */
const namesOfThisTest: LookupFunction = (host, options, callback) => {
  const here = { address: '127.0.0.1', family: 4 };
  const found = host === 'registry.test' ? [here, { address: '93.184.216.34', family: 4 }] : [here];
  if (options.all === true) callback(null, found);
  else callback(null, here.address, here.family);
};
