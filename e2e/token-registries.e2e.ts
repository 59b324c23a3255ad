import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createRegistryClient,
  type Credential,
  openLayoutStore,
  parseReference,
  pullArtifact,
  pushArtifact,
  readModuleBytes,
  type RegistryClient,
} from '@wasmlet/oci-wasm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digestOf } from './fixtures/digest.ts';
import { startTokenRegistry, type TokenRegistry } from './fixtures/registry.ts';
import { type RegistryVersions, startBothVersions } from './fixtures/registry-versions.ts';
import { describeWith } from './fixtures/requirements.ts';
import { openScratchDirectory } from './fixtures/scratch-directory.ts';
import type { TokenRequest } from './fixtures/token-server.ts';
import { uniqueBinary } from './fixtures/wasm-binary.ts';

await describeWith('registries with a token server', ['registry', 'registry tools'], () => {
  const unwind = new AsyncDisposableStack();
  let root: string;
  let registries: RegistryVersions<TokenRegistry>;

  beforeAll(async () => {
    root = unwind.use(await openScratchDirectory('token-registries')).path;
    registries = await startBothVersions(startTokenRegistry, unwind);
  });
  afterAll(() => unwind.disposeAsync());

  describe.each([
    { version: 'distribution 2.8', which: 'debian' },
    { version: 'distribution 3.1', which: 'current' },
  ] as const)('$version', ({ which }) => {
    /** Each has its own tokens. */
    async function openClient(credential?: Credential): Promise<RegistryClient> {
      const { host, caFile } = registries[which];
      return createRegistryClient({
        tls: { [host]: { ca: await readFile(caFile, 'utf8') } },
        credentials: { find: () => Promise.resolve(credential === undefined ? [] : [credential]) },
      });
    }

    /** What the token server is asked for meanwhile, without the attempts of nobody. */
    async function requestsDuring(act: () => Promise<unknown>): Promise<readonly TokenRequest[]> {
      const { requests } = registries[which].tokens;
      const before = requests.length;
      await act();
      return requests.slice(before).filter(({ by }) => by !== 'nobody');
    }

    const withPassword = (): Credential => {
      const { user, password } = registries[which];
      return { username: user, password };
    };

    test.each(['password', 'refresh token'] as const)('pushes and pulls with tokens for a %s', async (by) => {
      const { host, refreshToken } = registries[which];
      const name = by.replace(' ', '-');
      const reference = `${host}/team/${name}:v1`;
      const bytes = uniqueBinary('module', 1_000_000);
      await using client = await openClient(
        by === 'password' ? withPassword() : { identityToken: refreshToken },
      );
      const pushing = await requestsDuring(() => pushArtifact({ to: client, reference, module: bytes }));
      expect(pushing).toEqual([{ by, scopes: [`repository:team/${name}:pull,push`] }]);
      const store = await openLayoutStore(join(root, `${which}-${name}`));
      const pulling = await requestsDuring(async () => {
        const pulled = await pullArtifact({ from: client, to: store, reference });
        expect(digestOf(await readModuleBytes(store, pulled))).toBe(digestOf(bytes));
      });
      expect(pulling).toEqual([{ by, scopes: [`repository:team/${name}:pull`] }]);
    });

    test('asks anew when a registry says that its token has expired', async () => {
      const { host, tokens } = registries[which];
      await using client = await openClient(withPassword());
      const reference = `${host}/team/expired:v1`;
      tokens.expireNext();
      const pushing = await requestsDuring(() =>
        pushArtifact({ to: client, reference, module: uniqueBinary('module', 1_000) }),
      );
      expect(pushing).toHaveLength(2);
      expect(
        await client.repository(parseReference(reference)).resolve(parseReference(reference)),
      ).toBeDefined();
    });

    test('asks for more rights where an operation needs them', async () => {
      const { host } = registries[which];
      await using client = await openClient(withPassword());
      const reference = parseReference(`${host}/team/whole:v1`);
      const repository = client.repository(reference);
      const { layer } = await pushArtifact({ to: client, reference, module: uniqueBinary('module', 1_000) });
      const other = client.repository(parseReference(`${host}/team/mounted:v1`));
      const mounting = await requestsDuring(async () => {
        expect(await other.mount(layer, repository.location)).toBe(true);
      });
      expect(mounting.flatMap(({ scopes }) => scopes)).toContain('repository:team/whole:pull');
      const deleting = await requestsDuring(async () =>
        repository.delete(await repository.resolve(reference)),
      );
      expect(deleting.at(-1)?.scopes).toContain('repository:team/whole:delete');
      await expect(repository.resolve(reference)).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
    });

    test('shows the password only for what not all may read, and asks as nobody once', async () => {
      const { host, tokens } = registries[which];
      const module = uniqueBinary('module', 1_000);
      await using client = await openClient(withPassword());
      const [open, closed] = [`${host}/public/first:v1`, `${host}/team/first:v1`];
      for (const reference of [open, closed]) await pushArtifact({ to: client, reference, module });
      const before = tokens.requests.length;
      const store = await openLayoutStore(join(root, `${which}-first`));
      for (const reference of [open, closed, closed])
        await pullArtifact({ from: client, to: store, reference });
      expect(tokens.requests.slice(before).map(({ by, scopes }) => [by, ...scopes])).toEqual([
        ['nobody', 'repository:public/first:pull'],
        ['nobody', 'repository:team/first:pull'],
        ['password', 'repository:team/first:pull'],
      ]);
    });

    test('reads as nobody what all may read, and nothing else', async () => {
      const { host } = registries[which];
      const module = uniqueBinary('module', 1_000);
      await using client = await openClient(withPassword());
      await using nobody = await openClient();
      const [open, closed] = [`${host}/public/app:v1`, `${host}/team/closed:v1`];
      for (const reference of [open, closed]) await pushArtifact({ to: client, reference, module });
      const store = await openLayoutStore(join(root, `${which}-nobody`));
      const pulled = await pullArtifact({ from: nobody, to: store, reference: open });
      expect(pulled.access).toEqual({ kind: 'anonymous' });
      const refused = { code: expect.stringMatching(/^(UNAUTHORIZED|DENIED)$/), host };
      await expect(pullArtifact({ from: nobody, to: store, reference: closed })).rejects.toMatchObject(
        refused,
      );
      await expect(
        pushArtifact({ to: nobody, reference: open, module: uniqueBinary('module', 10) }),
      ).rejects.toMatchObject(refused);
    });
  });
});
