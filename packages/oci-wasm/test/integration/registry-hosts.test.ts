import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  createRegistryClient,
  dockerConfigCredentials,
  login,
  pullArtifact,
  pushArtifact,
  registryHosts,
  staticCredentials,
} from '../../src/index.ts';
import { addArtifact, emptyModule } from '../fixtures/artifacts.ts';
import { failureOf } from '../fixtures/failure-of.ts';
import { scratchDirectory } from '../fixtures/scratch.ts';
import { behindTls, tlsFile } from '../fixtures/secure-registry.ts';
import { openSession } from '../fixtures/session.ts';
import { startTestRegistry } from '../registry/start-test-registry.ts';

async function hostsFolder(files: Readonly<Record<string, string>>, copied: readonly string[] = []) {
  const scratch = await scratchDirectory();
  for (const [name, text] of Object.entries(files)) {
    const path = join(scratch.path, name);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, text);
    for (const file of copied) await copyFile(tlsFile(file), join(path, '..', file));
  }
  return { directory: scratch.path, [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose]() };
}

const folderOf = (host: string): string => host.replace(/:(\d+)$/, '_$1_');

describe('a registry with a certificate of an authority of its own', () => {
  test('is trusted when the authority is in its folder', async () => {
    await using registry = await startTestRegistry();
    addArtifact(registry, emptyModule);
    await using secure = await behindTls(registry);
    const file = `${folderOf(secure.host)}/hosts.toml`;
    await using folder = await hostsFolder({ [file]: 'ca = "ca.pem"' }, ['ca.pem']);
    await using session = await openSession({}, { hosts: await registryHosts(folder) });
    expect((await session.pull({ reference: `${secure.host}/team/app:v1` })).kind).toBe('module');
  });

  test('is trusted in the folder with a colon, and in docker’s form', async () => {
    await using registry = await startTestRegistry();
    addArtifact(registry, emptyModule);
    await using secure = await behindTls(registry);
    await using folder = await hostsFolder({
      [`${secure.host}/ca.crt`]: await readFile(tlsFile('ca.pem'), 'utf8'),
    });
    await using session = await openSession({}, { hosts: await registryHosts(folder) });
    expect((await session.pull({ reference: `${secure.host}/team/app:v1` })).kind).toBe('module');
  });

  test('is trusted with the authority given to the client, and else not', async () => {
    await using registry = await startTestRegistry();
    addArtifact(registry, emptyModule);
    await using secure = await behindTls(registry);
    const reference = `${secure.host}/team/app:v1`;
    const ca = await readFile(tlsFile('ca.pem'), 'utf8');
    await using trusting = await openSession({}, { tls: { [secure.host]: { ca } } });
    expect((await trusting.pull({ reference })).kind).toBe('module');
    await using other = await openSession({}, { tls: { 'other.example': { ca } } });
    expect((await failureOf(other.pull({ reference }))).message).toContain('its certificate is not trusted');
  });

  test('is not verified where its folder says so', async () => {
    await using registry = await startTestRegistry();
    addArtifact(registry, emptyModule);
    await using secure = await behindTls(registry);
    const file = `${folderOf(secure.host)}/hosts.toml`;
    await using folder = await hostsFolder({ [file]: 'skip_verify = true' });
    await using session = await openSession({}, { hosts: await registryHosts(folder) });
    expect((await session.pull({ reference: `${secure.host}/team/app:v1` })).kind).toBe('module');
  });
});

describe('a registry that wants a certificate of its clients', () => {
  test('is shown the one in its folder', async () => {
    await using registry = await startTestRegistry();
    addArtifact(registry, emptyModule);
    await using secure = await behindTls(registry, { wantsClient: true });
    const file = `${folderOf(secure.host)}/hosts.toml`;
    const text = 'ca = "ca.pem"\nclient = [["client.pem", "client.key"]]';
    await using folder = await hostsFolder({ [file]: text }, ['ca.pem', 'client.pem', 'client.key']);
    await using session = await openSession({}, { hosts: await registryHosts(folder) });
    expect((await session.pull({ reference: `${secure.host}/team/app:v1` })).kind).toBe('module');
    expect(new Set(secure.clients)).toEqual(new Set(['puller']));
  });

  test('gives nothing without it, and another host to which it redirects does not see it', async () => {
    await using registry = await startTestRegistry();
    addArtifact(registry, emptyModule);
    await using blobs = await behindTls(registry);
    await using secure = await behindTls(registry, { wantsClient: true });
    const ca = await readFile(tlsFile('ca.pem'), 'utf8');
    await using session = await openSession({}, { tls: { [secure.host]: { ca } } });
    expect(await failureOf(session.pull({ reference: `${secure.host}/team/app:v1` }))).toMatchObject({
      name: 'OciError',
    });
    expect(secure.clients).toEqual([]);
    expect(blobs.clients).toEqual([]);
  });
});

describe('what is wrong is told at the start', () => {
  test.each([
    [
      'a certificate that is cut off',
      {
        'r.io/hosts.toml': 'ca = "bad.pem"',
        'r.io/bad.pem': '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
      },
      'bad.pem',
    ],
    [
      'a file without any certificate',
      { 'r.io/hosts.toml': 'ca = "bad.pem"', 'r.io/bad.pem': 'hello' },
      'bad.pem',
    ],
    ['a file that is not there', { 'r.io/hosts.toml': 'ca = "absent.pem"' }, 'absent.pem'],
    ['a certificate without its key', { 'r.io/a.cert': 'hello' }, 'a.key'],
    ['a file that is no TOML', { 'r.io/hosts.toml': '[' }, 'hosts.toml'],
  ])('%s', async (_title, files, name) => {
    await using folder = await hostsFolder(files);
    const error = await failureOf(registryHosts(folder));
    expect(error).toMatchObject({ code: 'INVALID_CONFIG' });
    expect(error.message).toContain(name);
  });

  test('a key that is another certificate’s', async () => {
    await using folder = await hostsFolder({ 'r.io/hosts.toml': 'client = [["client.pem", "server.key"]]' }, [
      'client.pem',
      'server.key',
    ]);
    expect((await failureOf(registryHosts(folder))).message).toContain('client.pem');
  });

  test('a folder that is not there', async () => {
    const error = await failureOf(registryHosts({ directory: '/nonexistent/certs.d' }));
    expect(error).toMatchObject({ code: 'INVALID_CONFIG' });
    expect(error.message).toContain('/nonexistent/certs.d');
  });

  test('an authority given to the client', () => {
    expect(() => createRegistryClient({ tls: { 'r.io': { ca: 'hello' } } })).toThrow(
      'tls of registry r.io has no certificate in it',
    );
  });
});

test('a login goes to the registry and not to its mirrors', async () => {
  const users = { me: 'secret' };
  await using registry = await startTestRegistry({ auth: { kind: 'basic', users } });
  await using secure = await behindTls(registry);
  await using mirror = await startTestRegistry();
  const file = `${folderOf(secure.host)}/hosts.toml`;
  await using folder = await hostsFolder({ [file]: `ca = "ca.pem"\n[host."${mirror.origin}"]` }, ['ca.pem']);
  const result = await login({
    registry: secure.host,
    username: 'me',
    password: 'secret',
    configFile: join(folder.directory, 'config.json'),
    hosts: await registryHosts(folder),
  });
  expect(result.verified).toBe(true);
  expect(mirror.requests).toEqual([]);
});

const mine = { username: 'me', password: 'secret' };

/** `alias.test`, for which a registry answers that wants credentials. */
async function openAlias() {
  await using stack = new AsyncDisposableStack();
  const auth = { kind: 'basic', users: { me: 'secret' } } as const;
  const session = stack.use(await openSession({ auth }));
  const { registry, store, directory } = session;
  const folder = stack.use(await hostsFolder({ 'alias.test/hosts.toml': `server = "${registry.origin}"` }));
  const closing = stack.move();
  return {
    registry,
    store,
    hosts: await registryHosts(folder),
    configFile: join(directory, 'config.json'),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}

describe('a registry whose server is another host', () => {
  test('is pushed to and pulled from with what a login to that host has kept', async () => {
    await using parts = await openAlias();
    const { registry, store, hosts, configFile } = parts;
    await login({ registry: registry.host, ...mine, configFile, hosts });
    const credentials = dockerConfigCredentials({ file: configFile });
    await using client = createRegistryClient({ credentials, hosts });
    const reference = 'alias.test/team/app:v1';
    const { digest } = await pushArtifact({ to: client, reference, module: emptyModule });
    const pulled = await pullArtifact({ from: client, to: store, reference });
    expect(pulled).toMatchObject({ digest, access: { kind: 'credential' } });
  });

  test('is not logged in to, since nobody would be shown what is kept', async () => {
    await using parts = await openAlias();
    const { registry, hosts, configFile } = parts;
    const error = await failureOf(login({ registry: 'alias.test', ...mine, configFile, hosts }));
    expect(error).toMatchObject({ code: 'INVALID_CONFIG', host: 'alias.test' });
    expect(error.message).toContain(`log in to ${registry.host} instead`);
    expect(registry.requests).toEqual([]);
    await expect(readFile(configFile)).rejects.toThrow('ENOENT');
  });

  test.each(['push', 'pull'] as const)('has credentials that no %s shows to that host', async (verb) => {
    await using parts = await openAlias();
    const { registry, store, hosts } = parts;
    addArtifact(registry, emptyModule);
    const credentials = staticCredentials([{ key: 'alias.test', ...mine }]);
    await using client = createRegistryClient({ credentials, hosts });
    const reference = 'alias.test/team/app:v1';
    const using =
      verb === 'push'
        ? pushArtifact({ to: client, reference, module: emptyModule })
        : pullArtifact({ from: client, to: store, reference });
    expect(await failureOf(using)).toMatchObject({ code: 'UNAUTHORIZED', host: registry.host });
    expect(registry.requests.every(({ authorization }) => authorization === undefined)).toBe(true);
  });
});
