import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { chainCredentials, credentialFiles, credentialStores, staticCredentials } from '../../src/index.ts';
import { failureOf } from '../fixtures/failure-of.ts';
import { scratchDirectory } from '../fixtures/scratch.ts';

const env = {
  REGISTRY_AUTH_FILE: '/auth/file.json',
  XDG_RUNTIME_DIR: '/run/user/1',
  XDG_CONFIG_HOME: '/config',
  DOCKER_CONFIG: '/docker',
};

test('the files are looked at in the order of podman and docker', () => {
  expect(credentialFiles({ env, homeDirectory: '/home/me' })).toEqual([
    '/auth/file.json',
    '/run/user/1/containers/auth.json',
    '/config/containers/auth.json',
    '/docker/config.json',
    '/home/me/.docker/config.json',
    '/home/me/.dockercfg',
  ]);
  expect(credentialFiles({ env: {}, homeDirectory: '/home/me' })).toEqual([
    '/home/me/.config/containers/auth.json',
    '/home/me/.docker/config.json',
    '/home/me/.dockercfg',
  ]);
});

/** A home directory with such files in it. */
async function home(files: Readonly<Record<string, unknown>>) {
  const scratch = await scratchDirectory();
  for (const [name, content] of Object.entries(files)) {
    const path = join(scratch.path, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  }
  const source = credentialStores({
    env: { XDG_RUNTIME_DIR: join(scratch.path, 'run') },
    homeDirectory: scratch.path,
  });
  return {
    names: async (registry: string, repository = 'team/app') =>
      (await source.find({ registry, repository })).map(({ username }) => username),
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}

const entry = (username: string) => ({ auth: Buffer.from(`${username}:pw`).toString('base64') });

test('the files give their credentials in this order', async () => {
  await using files = await home({
    'run/containers/auth.json': { auths: { 'one.io/team': entry('run') } },
    '.docker/config.json': { auths: { 'one.io': entry('docker'), 'two.io': entry('docker') } },
    '.dockercfg': { 'two.io': entry('old'), 'three.io': entry('old') },
  });
  expect(await files.names('one.io')).toEqual(['run', 'docker']);
  expect(await files.names('one.io', 'other')).toEqual(['docker']);
  expect(await files.names('two.io')).toEqual(['docker', 'old']);
  expect(await files.names('three.io')).toEqual(['old']);
  expect(await files.names('four.io')).toEqual([]);
});

test('a file that cannot be read is told only where no other has a credential', async () => {
  await using files = await home({
    '.config/containers/auth.json': '{"auths":',
    '.docker/config.json': { auths: { 'one.io': entry('docker') } },
  });
  expect(await files.names('one.io')).toEqual(['docker']);
  expect(await failureOf(files.names('two.io'))).toMatchObject({ code: 'INVALID_CONFIG' });
});

test('a chain ends when its caller gives up', async () => {
  const signal = AbortSignal.abort(new Error('enough'));
  const gone = { find: () => Promise.reject(new Error('away')) };
  const chain = chainCredentials([gone, staticCredentials([{ key: 'a', username: 'b', password: 'c' }])]);
  await expect(chain.find({ registry: 'a' }, { signal })).rejects.toThrow('enough');
});
