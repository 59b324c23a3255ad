import type { V1ConfigMap, V1Secret, V1Volume } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import type { ContentSources } from '../../../src/volumes/content.ts';
import { contentReader } from '../../../src/volumes/content-reader.ts';
import { testNode, testPod } from './volume-fixtures.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const configMap: V1ConfigMap = { data: { a: 'ä', b: '2' }, binaryData: { c: base64('3') } };
const secret: V1Secret = { data: { user: base64('me'), password: base64('s3cret') } };

const pod = testPod(
  { containers: [{ name: 'c', resources: { limits: { memory: '1Mi' } } }], serviceAccountName: 'builder' },
  { labels: { app: 'web' } },
);

const sources: ContentSources = {
  pod: () => pod,
  node: () => testNode,
  objects: {
    get: (kind, name) => {
      const known = { 'configMap/m': configMap, 'secret/s': secret } as Record<
        string,
        V1ConfigMap | undefined
      >;
      return Promise.resolve(known[`${kind}/${name}`]);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  },
  tokens: {
    request: ({ audience, serviceAccount }) =>
      Promise.resolve({
        token: `${serviceAccount}@${audience ?? 'default'}`,
        expiresAt: new Date('2026-01-01T01:00:00Z'),
      }),
  },
  clock: { now: () => new Date('2026-01-01T00:00:00Z'), sleep: () => new Promise(() => {}) },
  random: () => 0,
};

/** Files as `path mode text`. */
async function files(volume: Omit<V1Volume, 'name'>, given = sources): Promise<readonly string[]> {
  const read = contentReader({ name: 'v', ...volume }, given);
  const { payload } = await read!({});
  return [...payload].map(
    ([path, { data, mode }]) => `${path} ${mode.toString(8)} ${Buffer.from(data).toString()}`,
  );
}

describe('a configMap volume', () => {
  test('has a file for each key of data and binaryData', async () => {
    expect(await files({ configMap: { name: 'm' } })).toEqual(['a 644 ä', 'b 644 2', 'c 644 3']);
  });

  test('selects, renames and sets modes by items', async () => {
    const items = [
      { key: 'b', path: 'dir/two' },
      { key: 'c', path: 'three', mode: 0o400 },
    ];
    expect(await files({ configMap: { name: 'm', items, defaultMode: 0o600 } })).toEqual([
      'dir/two 600 2',
      'three 400 3',
    ]);
  });

  test('fails for a map or key that is not there, with upstream’s words', async () => {
    await expect(files({ configMap: { name: 'none' } })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'MountVolume.SetUp failed for volume "v" : configmap "none" not found',
    });
    await expect(files({ configMap: { name: 'm', items: [{ key: 'x', path: 'x' }] } })).rejects.toThrow(
      'MountVolume.SetUp failed for volume "v" : configmap references non-existent config key: x',
    );
  });

  test('is empty when it is optional and not there, and passes over missing keys', async () => {
    expect(await files({ configMap: { name: 'none', optional: true } })).toEqual([]);
    const items = [
      { key: 'x', path: 'x' },
      { key: 'a', path: 'a' },
    ];
    expect(await files({ configMap: { name: 'm', optional: true, items } })).toEqual(['a 644 ä']);
  });
});

describe('a secret volume', () => {
  test('has the decoded values', async () => {
    expect(await files({ secret: { secretName: 's', defaultMode: 0o440 } })).toEqual([
      'user 440 me',
      'password 440 s3cret',
    ]);
  });

  test('fails for a secret or key that is not there, naming no value', async () => {
    await expect(files({ secret: { secretName: 'none' } })).rejects.toThrow(
      'MountVolume.SetUp failed for volume "v" : secret "none" not found',
    );
    await expect(files({ secret: { secretName: 's', items: [{ key: 'x', path: 'x' }] } })).rejects.toThrow(
      'references non-existent secret key: x',
    );
    expect(await files({ secret: { secretName: 'none', optional: true } })).toEqual([]);
  });
});

describe('a downwardAPI volume', () => {
  test('has fields and resources', async () => {
    const items = [
      { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
      { path: 'uid', fieldRef: { fieldPath: 'metadata.uid' }, mode: 0o400 },
      { path: 'memory', resourceFieldRef: { containerName: 'c', resource: 'limits.memory' } },
    ];
    expect(await files({ downwardAPI: { items } })).toEqual([
      'labels 644 app="web"',
      'uid 400 u-1',
      'memory 644 1048576',
    ]);
  });

  test.each([
    [{ path: 'x', fieldRef: { fieldPath: 'status.podIP' } }, 'field label not supported: status.podIP'],
    [
      { path: 'x', resourceFieldRef: { containerName: 'ghost', resource: 'limits.cpu' } },
      'container ghost not found',
    ],
    [{ path: 'x' }, '"x" has neither fieldRef nor resourceFieldRef'],
  ])('refuses %j', async (item, message) => {
    const read = contentReader({ name: 'v', downwardAPI: { items: [item] } }, sources);
    await expect(Promise.resolve().then(() => read!({}))).rejects.toMatchObject({
      code: 'INVALID',
      message: `MountVolume.SetUp failed for volume "v" : ${message}`,
    });
  });
});

describe('a projected volume', () => {
  test('puts all kinds of sources together, as the injected kube-api-access volume does', async () => {
    const projections = [
      { serviceAccountToken: { path: 'token', expirationSeconds: 3_607 } },
      { serviceAccountToken: { path: 'vault', audience: 'vault' } },
      { configMap: { name: 'm', items: [{ key: 'a', path: 'ca.crt' }] } },
      { secret: { name: 's', items: [{ key: 'user', path: 'user', mode: 0o400 }] } },
      { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
    ];
    expect(await files({ projected: { sources: projections, defaultMode: 0o640 } })).toEqual([
      'token 640 builder@default',
      'vault 640 builder@vault',
      'ca.crt 640 ä',
      'user 400 me',
      'namespace 640 ns',
    ]);
  });

  test('lets a later source win a path', async () => {
    const projections = [
      { configMap: { name: 'm', items: [{ key: 'a', path: 'x' }] } },
      { secret: { name: 's', items: [{ key: 'user', path: 'x' }] } },
    ];
    expect(await files({ projected: { sources: projections } })).toEqual(['x 644 me']);
  });

  test('keeps the token to its user where the pod names one', async () => {
    const projected = { sources: [{ serviceAccountToken: { path: 'token' } }] };
    const owned = testPod({ securityContext: { fsGroup: 1_000 } });
    expect(await files({ projected }, { ...sources, pod: () => owned })).toEqual([
      'token 600 default@default',
    ]);
  });

  test('says when it has to be read again: with the first token that is due', async () => {
    const projected = { sources: [{ serviceAccountToken: { path: 'token' } }, { configMap: { name: 'm' } }] };
    const { due } = await contentReader({ name: 'v', projected }, sources)!({});
    expect(due).toEqual(new Date('2026-01-01T00:48:00Z'));
  });

  test('passes over optional sources and fails for the others', async () => {
    const optional = [
      { configMap: { name: 'none', optional: true } },
      { secret: { name: 'none', optional: true } },
    ];
    expect(await files({ projected: { sources: optional } })).toEqual([]);
    await expect(files({ projected: { sources: [{ secret: { name: 'none' } }] } })).rejects.toThrow(
      'secret "none" not found',
    );
  });

  test('names a kind of source that the node does not have', async () => {
    const projected = { sources: [{ clusterTrustBundle: { path: 'ca.crt' } }] };
    await expect(files({ projected })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('clusterTrustBundle') as string,
    });
  });
});

test('other kinds of volumes have no content', () => {
  expect(contentReader({ name: 'v', emptyDir: {} }, sources)).toBeUndefined();
});
