import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { dockerConfigCredentials, login, logout } from '../../src/index.ts';
import { addArtifact, emptyModule } from '../fixtures/artifacts.ts';
import { failureOf } from '../fixtures/failure-of.ts';
import { openSession, type Session } from '../fixtures/session.ts';
import type { RegistryAuth } from '../registry/access-control.ts';

const users = { me: 'p:a ss' };
const right = { username: 'me', password: 'p:a ss' };

async function setUp(auth: RegistryAuth | undefined = { kind: 'basic', users }) {
  const session = await openSession(auth === undefined ? {} : { auth });
  const configFile = join(session.directory, 'docker', 'config.json');
  const registry = session.registry.host;
  return {
    session,
    configFile,
    registry,
    config: async () => JSON.parse(await readFile(configFile, 'utf8')) as Record<string, unknown>,
    writeConfig: async (config: object) => {
      await mkdir(join(session.directory, 'docker'), { recursive: true });
      await writeFile(configFile, JSON.stringify(config));
    },
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

/** A helper that keeps its secrets in a file: `docker-credential-test` in a directory for the PATH. */
async function installHelper({ directory }: Session, script?: string) {
  const path = join(directory, 'bin');
  await mkdir(path, { recursive: true });
  const file = join(path, 'docker-credential-test');
  const kept = join(directory, 'kept');
  const body = `case "$1" in
store) cat > ${kept} ;;
get) read -r server; if grep -q "$server" ${kept} 2>/dev/null; then cat ${kept}; else echo "credentials not found in native keychain"; exit 1; fi ;;
erase) if [ -f ${kept} ]; then rm ${kept}; else echo "credentials not found in native keychain"; exit 1; fi ;;
esac`;
  await writeFile(file, `#!/bin/sh\n${script ?? body}\n`);
  await chmod(file, 0o755);
  return { kept, env: { PATH: `${path}:${process.env['PATH']}` } };
}

describe.each([
  ['basic', { kind: 'basic', users }],
  ['bearer', { kind: 'token', users }],
] as const)('login at a registry with %s authentication', (_kind, auth) => {
  test('keeps what docker reads, for its owner’s eyes', async () => {
    await using parts = await setUp(auth);
    const { registry, configFile } = parts;
    expect(await login({ registry, configFile, ...right })).toEqual({
      registry,
      verified: true,
      storedIn: configFile,
    });
    expect(await parts.config()).toEqual({
      auths: { [registry]: { auth: Buffer.from('me:p:a ss').toString('base64') } },
    });
    expect((await stat(configFile)).mode & 0o777).toBe(0o600);
  });

  test('makes a private repository readable', async () => {
    await using parts = await setUp(auth);
    const { session, registry, configFile } = parts;
    addArtifact(session.registry, emptyModule);
    await login({ registry, configFile, ...right });
    const credentials = await dockerConfigCredentials({ file: configFile }).find({ registry });
    expect((await session.pull({ credentials })).access.kind).toBe('credential');
  });

  test('keeps nothing when the registry refuses', async () => {
    await using parts = await setUp(auth);
    const { registry, configFile } = parts;
    const error = await failureOf(login({ registry, configFile, username: 'me', password: 'wrong-one' }));
    expect(error).toMatchObject({ code: 'UNAUTHORIZED', host: registry });
    expect(error.message).toContain(`cannot log in to ${registry}`);
    expect(error.message).toContain('check the user name and the password');
    expect(error.message).not.toContain('wrong-one');
    await expect(stat(configFile)).rejects.toThrow('ENOENT');
  });
});

describe('the configuration file', () => {
  test('keeps its other keys, and other spellings of the registry go', async () => {
    await using parts = await setUp();
    const { registry, configFile } = parts;
    await parts.writeConfig({
      auths: { 'ghcr.io': { auth: 'eA==' }, [`https://${registry}/v1/`]: {} },
      detachKeys: 'x',
    });
    await login({ registry, configFile, ...right });
    const config = await parts.config();
    expect(config).toMatchObject({ detachKeys: 'x', auths: { 'ghcr.io': { auth: 'eA==' } } });
    expect(Object.keys(config['auths'] as object)).toEqual(['ghcr.io', registry]);
  });

  test('stays a link when it is one', async () => {
    await using parts = await setUp();
    const { session, registry } = parts;
    const target = join(session.directory, 'target.json');
    const link = join(session.directory, 'link.json');
    await writeFile(target, '{}');
    await symlink(target, link);
    await login({ registry, configFile: link, ...right });
    expect(JSON.parse(await readFile(target, 'utf8'))).toHaveProperty('auths');
  });

  test('that is damaged is left as it is', async () => {
    await using parts = await setUp();
    const { registry, configFile } = parts;
    await parts.writeConfig({});
    await writeFile(configFile, '{"auths":');
    await expect(login({ registry, configFile, ...right })).rejects.toMatchObject({ code: 'INVALID_CONFIG' });
    expect(await readFile(configFile, 'utf8')).toBe('{"auths":');
    expect(parts.session.seen()).toEqual([]);
  });

  test('that is absent has no credentials', async () => {
    const source = dockerConfigCredentials({ file: '/nonexistent/config.json' });
    expect(await source.find({ registry: 'ghcr.io' })).toEqual([]);
  });
});

test.each(['registry', '', 'a b.example', '-.example'])('"%s" is no registry', async (registry) => {
  const configFile = '/nonexistent/config.json';
  await expect(login({ registry, configFile, ...right })).rejects.toMatchObject({
    code: 'INVALID_REFERENCE',
  });
});

test('a registry that asks for nothing is said to have verified nothing', async () => {
  await using parts = await setUp(undefined);
  await using open = await openSession();
  const result = await login({ registry: open.registry.host, configFile: parts.configFile, ...right });
  expect(result.verified).toBe(false);
});

describe('logout', () => {
  test('removes the registry and says whether it was there', async () => {
    await using parts = await setUp();
    const { registry, configFile } = parts;
    expect(await logout({ registry, configFile })).toBe(false);
    await login({ registry, configFile, ...right });
    expect(await logout({ registry: `https://${registry}/`, configFile })).toBe(true);
    expect(await parts.config()).toEqual({ auths: {} });
  });
});

describe.skipIf(process.platform === 'win32')('a credential helper', () => {
  test('keeps the password in place of the file, gives it out and forgets it', async () => {
    await using parts = await setUp();
    const { session, registry, configFile } = parts;
    const { kept, env } = await installHelper(session);
    await parts.writeConfig({ credsStore: 'test' });

    const result = await login({ registry, configFile, env, ...right });

    expect(result.storedIn).toBe('docker-credential-test');
    expect(await parts.config()).toEqual({ credsStore: 'test', auths: { [registry]: {} } });
    expect(JSON.parse(await readFile(kept, 'utf8'))).toEqual({
      ServerURL: registry,
      Username: 'me',
      Secret: 'p:a ss',
    });
    const source = dockerConfigCredentials({ file: configFile, env });
    expect(await source.find({ registry })).toEqual([{ source: 'docker-credential-test', ...right }]);
    expect(await logout({ registry, configFile, env })).toBe(true);
    expect(await source.find({ registry })).toEqual([]);
  });

  test('for one registry goes before the general one', async () => {
    await using parts = await setUp();
    const { env } = await installHelper(parts.session, `echo '{"Username":"<token>","Secret":"refresh"}'`);
    await parts.writeConfig({ credsStore: 'missing', credHelpers: { 'ghcr.io': 'test' } });
    const source = dockerConfigCredentials({ file: parts.configFile, env });
    expect(await source.find({ registry: 'ghcr.io' })).toEqual([
      { source: 'docker-credential-test', identityToken: 'refresh' },
    ]);
    const error = await failureOf(source.find({ registry: 'quay.io' }));
    expect(error).toMatchObject({ code: 'CREDENTIAL_HELPER' });
    expect(error.message).toContain('docker-credential-missing is not installed');
  });

  test.each([
    ['fails', 'echo boom; exit 3', 'failed with exit code 3'],
    ['answers no JSON', 'echo hello', 'answered no JSON'],
    ['answers something else', 'echo "{}"', 'answered no credential'],
    [
      'never stops talking',
      'while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done',
      'more than 65536 bytes',
    ],
  ])('that %s is told', async (_title, script, message) => {
    await using parts = await setUp();
    const { env } = await installHelper(parts.session, script);
    await parts.writeConfig({ credsStore: 'test' });
    const source = dockerConfigCredentials({ file: parts.configFile, env });
    const error = await failureOf(source.find({ registry: 'ghcr.io' }));
    expect(error).toMatchObject({ code: 'CREDENTIAL_HELPER' });
    expect(error.message).toContain(message);
  });

  test('that hangs is ended when its caller gives up', async () => {
    await using parts = await setUp();
    const { env } = await installHelper(
      parts.session,
      `exec "${process.execPath}" -e 'setTimeout(() => {}, 60_000)'`,
    );
    await parts.writeConfig({ credsStore: 'test' });
    const controller = new AbortController();
    const source = dockerConfigCredentials({ file: parts.configFile, env });
    const finding = failureOf(source.find({ registry: 'ghcr.io' }, { signal: controller.signal }));
    setTimeout(() => controller.abort(new Error('enough')), 50);
    expect((await finding).message).toBe('enough');
  });

  test('cannot be anything but a name', async () => {
    await using parts = await setUp();
    await parts.writeConfig({ credsStore: '../../bin/sh' });
    const source = dockerConfigCredentials({ file: parts.configFile });
    await expect(source.find({ registry: 'ghcr.io' })).rejects.toMatchObject({ code: 'CREDENTIAL_HELPER' });
  });
});
