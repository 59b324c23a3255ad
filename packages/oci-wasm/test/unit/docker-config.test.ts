import { describe, expect, test } from 'vitest';
import { parseDockerConfigJson, staticCredentials } from '../../src/index.ts';
import { canonicalKey, dockerKey } from '../../src/credentials/credential-key.ts';
import { parseDockerConfig } from '../../src/credentials/docker-config.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('the entries of a pull secret', () => {
  test.each([
    ['auth', { auth: base64('me:a:b') }, { username: 'me', password: 'a:b' }],
    ['auth that docker has padded', { auth: base64('me:pw\0\0') }, { username: 'me', password: 'pw' }],
    ['user name and password', { username: 'me', password: 'pw' }, { username: 'me', password: 'pw' }],
    ['a refresh token', { auth: base64('me:'), identitytoken: 't' }, { username: 'me', identityToken: 't' }],
    ['a bearer token', { registrytoken: 't' }, { registryToken: 't' }],
  ])('may have %s', (_title, entry, credential) => {
    const auths = { 'ghcr.io': entry };
    const expected = [{ key: 'ghcr.io', source: 'the secret', ...credential }];
    expect(parseDockerConfigJson(JSON.stringify({ auths }), 'the secret')).toEqual(expected);
    // The older form is the inner object alone.
    expect(parseDockerConfigJson(JSON.stringify(auths), 'the secret')).toEqual(expected);
  });

  test('without a credential are left out', () => {
    const auths = { a: {}, b: null, c: { auth: '%%%' }, d: { username: 'me' } };
    expect(parseDockerConfigJson(JSON.stringify({ auths }))).toEqual([]);
  });

  test('that are no JSON are refused without a word of what stands there', () => {
    const text = '{"auths": {"ghcr.io": {"password": "secret"';
    const parse = () => parseDockerConfigJson(text, 'secret a/b');
    expect(parse).toThrow('secret a/b is not JSON');
    expect(parse).not.toThrow(/password/);
  });
});

test('helpers are read from the file', () => {
  const config = { credsStore: 'desktop', credHelpers: { 'gcr.io': 'gcloud', bad: 1 } };
  expect(parseDockerConfig(JSON.stringify(config), 'x')).toMatchObject({
    credsStore: 'desktop',
    credHelpers: { 'gcr.io': 'gcloud' },
  });
});

describe('matching', () => {
  test.each([
    ['https://index.docker.io/v1/', 'docker.io'],
    ['registry-1.docker.io', 'docker.io'],
    ['https://GHCR.io/', 'ghcr.io'],
    ['http://host:5000/v2/', 'host:5000'],
    ['host/team/', 'host/team'],
  ])('%s is %s', (key, expected) => {
    expect(canonicalKey(key)).toBe(expected);
  });

  test('docker keeps its own registry under a URL', () => {
    expect([dockerKey('docker.io'), dockerKey('ghcr.io')]).toEqual([
      'https://index.docker.io/v1/',
      'ghcr.io',
    ]);
  });

  test('the longest key comes first, and hosts are compared whole', async () => {
    const source = staticCredentials(
      ['host', 'host/team/app', 'host/team', 'host/te', 'host:5000', 'ost', 'host.evil', 'docker.io'].map(
        (key) => ({
          key,
          username: key,
          password: '',
        }),
      ),
    );
    const names = async (registry: string, repository?: string) =>
      (await source.find({ registry, ...(repository === undefined ? {} : { repository }) })).map(
        ({ username }) => username,
      );
    expect(await names('host', 'team/app')).toEqual(['host/team/app', 'host/team', 'host']);
    expect(await names('host', 'team/application')).toEqual(['host/team', 'host']);
    expect(await names('host')).toEqual(['host']);
    expect(await names('host:5000', 'team/app')).toEqual(['host:5000']);
    expect(await names('docker.io', 'library/alpine')).toEqual(['docker.io']);
  });
});
