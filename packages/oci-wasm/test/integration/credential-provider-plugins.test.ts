import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { credentialProviderPlugins } from '../../src/index.ts';
import { failureOf } from '../fixtures/failure-of.ts';
import { scratchDirectory } from '../fixtures/scratch.ts';

const version = 'credentialprovider.kubelet.k8s.io/v1';
const image = { registry: 'eu.registry.io', repository: 'team/app' };
const config = `apiVersion: kubelet.config.k8s.io/v1
kind: CredentialProviderConfig
providers:
  - name: provider
    apiVersion: ${version}
    matchImages: ["*.registry.io", "registry.io:5000/team"]
    defaultCacheDuration: "1h"
    args: [get, "a b; c"]
    env: [{ name: PROVIDER_REGION, value: eu }]
`;

interface Answer {
  readonly cacheKeyType?: string;
  readonly cacheDuration?: string;
  readonly auth?: object;
}

const answerOf = ({ cacheKeyType = 'Image', ...rest }: Answer = {}): string =>
  JSON.stringify({
    apiVersion: version,
    kind: 'CredentialProviderResponse',
    cacheKeyType,
    auth: { '*.registry.io': { username: 'me', password: 'secret' } },
    ...rest,
  });

const user = (username: string) => ({ username, password: '' });

/** A plug-in that notes what it is asked in a file, then runs the rest of its script. */
async function setUp(script: string, configuration = config) {
  const scratch = await scratchDirectory();
  const program = join(scratch.path, 'provider');
  const log = join(scratch.path, 'log');
  const configFile = join(scratch.path, 'config.yaml');
  await writeFile(program, `#!/bin/sh\n{ cat; echo; } >> ${log}\n${script}\n`);
  await chmod(program, 0o755);
  await writeFile(configFile, configuration);
  const env = { PATH: process.env['PATH'], HOME: '/home/somebody' };
  return {
    path: scratch.path,
    open: (timeoutMs = 10_000) =>
      credentialProviderPlugins({ configFile, binDirectory: scratch.path, env, timeoutMs }),
    asked: async () =>
      (await readFile(log, 'utf8'))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as { readonly image: string }).image),
    request: async () => JSON.parse((await readFile(log, 'utf8')).split('\n')[0] ?? '') as unknown,
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}

describe.skipIf(process.platform === 'win32')('a credential-provider plug-in', () => {
  test('is asked as the kubelet asks, and gives credentials', async () => {
    await using plugin = await setUp(`echo '${answerOf()}'`);
    const source = await plugin.open();
    expect(await source.find(image)).toEqual([
      { source: 'credential provider provider', username: 'me', password: 'secret' },
    ]);
    expect(await plugin.request()).toEqual({
      apiVersion: version,
      kind: 'CredentialProviderRequest',
      image: 'eu.registry.io/team/app',
    });
  });

  test('gets its arguments and its environment, and no shell', async () => {
    await using plugin = await setUp(
      `printf '{"apiVersion":"${version}","kind":"CredentialProviderResponse","cacheKeyType":"Image","auth":{"*.registry.io":{"username":"%s","password":"%s %s"}}}' "$2" "$HOME" "$PROVIDER_REGION"`,
    );
    const [found] = await (await plugin.open()).find(image);
    expect(found).toMatchObject({ username: 'a b; c', password: '/home/somebody eu' });
  });

  test('is not asked for images that it is not for', async () => {
    await using plugin = await setUp(`echo '${answerOf()}'`);
    const source = await plugin.open();
    expect(await source.find({ registry: 'ghcr.io', repository: 'team/app' })).toEqual([]);
    expect(await source.find({ registry: 'registry.io:5000', repository: 'other' })).toEqual([]);
    await expect(plugin.asked()).rejects.toThrow('ENOENT');
  });

  test('gives the credentials that fit, the longest first', async () => {
    const auth = {
      '*.registry.io': user('all'),
      'eu.registry.io/team': user('team'),
      'us.registry.io': user('us'),
    };
    await using plugin = await setUp(`echo '${answerOf({ auth })}'`);
    const found = await (await plugin.open()).find(image);
    expect(found.map(({ username }) => username)).toEqual(['team', 'all']);
  });

  test.each([
    ['Image', ['eu.registry.io/team/app', 'eu.registry.io/team/other', 'us.registry.io/app']],
    ['Registry', ['eu.registry.io/team/app', 'us.registry.io/app']],
    ['Global', ['eu.registry.io/team/app']],
  ])('is asked once for what its answer says: %s', async (cacheKeyType, expected) => {
    await using plugin = await setUp(`echo '${answerOf({ cacheKeyType })}'`);
    const source = await plugin.open();
    await source.find(image);
    await source.find(image);
    await source.find({ ...image, repository: 'team/other' });
    await source.find({ registry: 'us.registry.io', repository: 'app' });
    expect(await plugin.asked()).toEqual(expected);
  });

  test('is asked each time when its answer may not be kept', async () => {
    await using plugin = await setUp(`echo '${answerOf({ cacheDuration: '0s' })}'`);
    const source = await plugin.open();
    await source.find(image);
    await source.find(image);
    expect(await plugin.asked()).toHaveLength(2);
  });

  test('is asked once by many at the same time', async () => {
    await using plugin = await setUp(`echo '${answerOf({ cacheDuration: '0s' })}'`);
    const source = await plugin.open();
    await Promise.all(Array.from({ length: 10 }, () => source.find(image)));
    expect(await plugin.asked()).toHaveLength(1);
  });

  test.each([
    ['fails', 'echo secret; exit 3', 'failed with exit code 3'],
    ['answers no JSON', 'echo hello', 'answered no JSON'],
    ['answers something else', `echo '{"kind":"List"}'`, 'answered no CredentialProviderResponse'],
    ['says nothing of what to keep', `echo '${answerOf({ cacheKeyType: 'Pod' })}'`, 'cacheKeyType'],
    ['never stops talking', 'while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done', 'more than'],
    ['is killed', 'kill -9 $$', 'failed with SIGKILL'],
  ])('that %s is told', async (_title, script, message) => {
    await using plugin = await setUp(script);
    const error = await failureOf((await plugin.open()).find(image));
    expect(error).toMatchObject({ code: 'CREDENTIAL_HELPER' });
    expect(error.message).toContain(`credential provider provider`);
    expect(error.message).toContain(message);
    expect(error.message).not.toContain('secret');
  });

  test('that hangs is ended', async () => {
    await using plugin = await setUp(`exec "${process.execPath}" -e 'setTimeout(() => {}, 60_000)'`);
    const error = await failureOf((await plugin.open(300)).find(image));
    expect(error.message).toContain('did not answer within 0.3 s');
  });

  test('that fails does not stand in the way of another', async () => {
    const two = `${config}  - { name: failing, apiVersion: ${version}, matchImages: ["*.registry.io"], defaultCacheDuration: "0s" }\n`;
    await using plugin = await setUp(`echo '${answerOf()}'`, two);
    await writeFile(join(plugin.path, 'failing'), '#!/bin/sh\nexit 1\n');
    await chmod(join(plugin.path, 'failing'), 0o755);
    expect(await (await plugin.open()).find(image)).toHaveLength(1);
  });
});

describe('the configuration of plug-ins', () => {
  test.each([
    ['is no YAML', '{', 'is no YAML'],
    ['is of another kind', 'kind: Pod', 'is no CredentialProviderConfig'],
    ['has no providers', config.replace(/providers:[^]*/, 'providers: []'), 'has no providers'],
    [
      'names a program elsewhere',
      config.replace('name: provider', 'name: ../provider'),
      'providers[0]: its name',
    ],
    ['has an unknown version', config.replace('k8s.io/v1\n    match', 'k8s.io/v9\n    match'), 'apiVersion'],
    ['matches a URL', config.replace('"*.registry.io"', '"https://registry.io"'), 'https://registry.io'],
    ['matches nothing', config.replace(/matchImages: .*/, 'matchImages: []'), 'matchImages'],
    ['has no duration', config.replace('"1h"', '"soon"'), 'defaultCacheDuration'],
    ['wants service account tokens', `${config}    tokenAttributes: { x: y }\n`, 'tokenAttributes'],
    ['names a program that is not there', config.replace('name: provider', 'name: absent'), 'absent'],
  ])('that %s is refused at once', async (_title, text, message) => {
    await using plugin = await setUp('exit 0', text);
    const error = await failureOf(plugin.open());
    expect(error).toMatchObject({ code: 'INVALID_CONFIG' });
    expect(error.message).toContain('config.yaml');
    expect(error.message).toContain(message);
  });
});
