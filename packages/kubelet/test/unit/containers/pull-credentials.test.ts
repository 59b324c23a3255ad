import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../src/cluster/memory/memory-cluster.ts';
import { createMemoryCluster } from '../../../src/cluster/memory/memory-cluster.ts';
import { imageScope, parseScope, scopeMatches } from '../../../src/containers/image-match.ts';
import { pullCredentials } from '../../../src/containers/pull-credentials.ts';
import { testPod } from './environment-fixtures.ts';

const dockerConfig = (name: string, auths: unknown): Manifest => ({
  kind: 'Secret',
  type: 'kubernetes.io/dockerconfigjson',
  metadata: { namespace: 'ns', name },
  stringData: { '.dockerconfigjson': JSON.stringify({ auths }) },
});

function find(reference: string, secrets: readonly Manifest[], names?: readonly string[]) {
  const cluster = createMemoryCluster({ nodeName: 'n1' });
  for (const secret of secrets) cluster.apply(secret);
  const listed = names ?? secrets.map(({ metadata }) => metadata?.name ?? '');
  const pod = testPod({ spec: { imagePullSecrets: listed.map((name) => ({ name })) } });
  return pullCredentials({ pod, objects: cluster.objects, reference });
}

describe('a registry’s key', () => {
  test.each([
    ['registry.example', 'registry.example/a:1', true],
    ['https://registry.example', 'registry.example/a', true],
    ['https://registry.example/v1/', 'registry.example/a', true],
    ['registry.example/v2/', 'registry.example/a', true],
    ['REGISTRY.example', 'registry.example/a', true],
    ['registry.example:5000', 'registry.example:5000/a@sha256:0', true],
    ['registry.example', 'registry.example:5000/a', false],
    ['registry.example:5000', 'registry.example/a', false],
    ['registry.example/team', 'registry.example/team/a', true],
    ['registry.example/team/', 'registry.example/team/a', true],
    ['registry.example/team', 'registry.example/other/a', false],
    ['*.example', 'registry.example/a', true],
    ['*.example', 'a.b.example/a', false],
    ['*.*.example', 'a.b.example/a', true],
    ['reg*y.example', 'registry.example/a', true],
    ['reg*istry.example', 'registry.example/a', true],
    ['regi*istry.example', 'registry.example/a', false],
    ['example', 'registry.example/a', false],
    ['https://index.docker.io/v1/', 'hello', true],
    ['docker.io', 'user/hello:1', true],
    ['index.docker.io', 'docker.io/user/hello', true],
    ['registry-1.docker.io', 'hello', true],
    ['docker.io/library', 'hello', true],
    ['docker.io', 'localhost/hello', false],
    ['localhost', 'localhost/hello', true],
    ['localhost:5000', 'localhost:5000/hello:1', true],
  ])('%s for image %s: %s', (key, reference, expected) => {
    const [scope, image] = [parseScope(key), imageScope(reference)];
    expect(scope !== undefined && image !== undefined && scopeMatches(scope, image)).toBe(expected);
  });

  test('with many globs costs nothing to compare', () => {
    const scope = parseScope(`${'*a'.repeat(300)}.example`);
    const image = imageScope(`${'a'.repeat(600)}b.example/x`);
    const start = performance.now();
    expect(scope && image && scopeMatches(scope, image)).toBe(false);
    expect(performance.now() - start).toBeLessThan(100);
  });

  test('is ignored when it is empty or too long', () => {
    expect(parseScope('')).toBeUndefined();
    expect(parseScope('https:///x')).toBeUndefined();
    expect(parseScope('a'.repeat(2_000))).toBeUndefined();
  });
});

describe('pull credentials', () => {
  test('are read from a dockerconfigjson secret', async () => {
    const secret = dockerConfig('regcred', { 'registry.example': { username: 'u', password: 'p' } });
    expect(await find('registry.example/a:1', [secret])).toEqual({
      credentials: [{ source: 'secret ns/regcred', username: 'u', password: 'p' }],
    });
  });

  test('are read from a dockercfg secret', async () => {
    const secret: Manifest = {
      kind: 'Secret',
      metadata: { namespace: 'ns', name: 'old' },
      stringData: { '.dockercfg': JSON.stringify({ 'registry.example': { username: 'u', password: 'p' } }) },
    };
    expect((await find('registry.example/a', [secret])).credentials).toMatchObject([{ username: 'u' }]);
  });

  test('may be in auth, with colons in the password', async () => {
    const auth = Buffer.from('u:p:w\0\0').toString('base64');
    const secret = dockerConfig('s', { 'registry.example': { auth, username: 'ignored' } });
    expect((await find('registry.example/a', [secret])).credentials).toEqual([
      { source: 'secret ns/s', username: 'u', password: 'p:w' },
    ]);
  });

  test('may be tokens', async () => {
    const secret = dockerConfig('s', { 'registry.example': { identitytoken: 'i', registrytoken: 'r' } });
    expect((await find('registry.example/a', [secret])).credentials).toEqual([
      { source: 'secret ns/s', identityToken: 'i', registryToken: 'r' },
    ]);
  });

  test('come with the longest match first, then in the order of the secrets', async () => {
    const secrets = [
      dockerConfig('one', { '*.example': { username: 'glob' }, 'registry.example': { username: 'host 1' } }),
      dockerConfig('two', {
        'registry.example/team/a': { username: 'path' },
        'registry.example': { username: 'host 2' },
        'other.example': { username: 'other' },
      }),
    ];
    const { credentials } = await find('registry.example/team/a:1', secrets);
    expect(credentials.map(({ username }) => username)).toEqual(['path', 'host 1', 'host 2', 'glob']);
  });

  test('are none when nothing matches, or there are no secrets', async () => {
    const secret = dockerConfig('s', { 'other.example': { username: 'u' } });
    expect(await find('registry.example/a', [secret])).toEqual({ credentials: [] });
    expect(await find('registry.example/a', [])).toEqual({ credentials: [] });
  });

  test('go on without a secret that is not there, with a warning in upstream’s words', async () => {
    const secret = dockerConfig('s', { 'registry.example': { username: 'u' } });
    expect(await find('registry.example/a', [secret], ['none', 's', 'gone'])).toEqual({
      credentials: [{ source: 'secret ns/s', username: 'u' }],
      warning:
        'Unable to retrieve some image pull secrets (none, gone); attempting to pull the image may not succeed.',
    });
  });

  test.each([
    ['no JSON', { '.dockerconfigjson': '{' }],
    ['JSON without auths', { '.dockerconfigjson': '{}' }],
    ['auths that are a list', { '.dockerconfigjson': '{"auths":[]}' }],
    ['another kind of secret', { password: 'x' }],
  ])('name a secret with %s in the warning, never what is in it', async (_title, stringData) => {
    const secret: Manifest = { kind: 'Secret', metadata: { namespace: 'ns', name: 'bad' }, stringData };
    const { credentials, warning } = await find('registry.example/a', [secret]);
    expect(credentials).toEqual([]);
    expect(warning).toContain('(bad has no docker credentials in it)');
  });

  test('pass over entries that hold nothing', async () => {
    const secret = dockerConfig('s', { 'registry.example': {}, '': null, '*.example': { auth: '!!' } });
    expect(await find('registry.example/a', [secret])).toEqual({ credentials: [] });
  });

  test('end with the signal’s reason', async () => {
    const cluster = createMemoryCluster({ nodeName: 'n1' });
    const pod = testPod({ spec: { imagePullSecrets: [{ name: 's' }] } });
    const signal = AbortSignal.abort(new Error('stopped'));
    const options = { pod, objects: cluster.objects, reference: 'a', signal };
    await expect(pullCredentials(options)).rejects.toThrow('stopped');
  });
});
