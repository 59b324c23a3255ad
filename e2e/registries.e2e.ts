import { join } from 'node:path';
import {
  type ArtifactFormat,
  copy,
  createRegistryClient,
  type Descriptor,
  openLayoutStore,
  parseReference,
  pullArtifact,
  pushArtifact,
  readModuleBytes,
  type RegistryClient,
  type Repository,
} from '@wasmlet/oci-wasm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digestOf } from './fixtures/digest.ts';
import { openGuardedClient } from './fixtures/guarded-client.ts';
import { type ReferrersRegistry, startReferrersRegistry } from './fixtures/referrers-registry.ts';
import { openRegistryClients, type RegistryClients } from './fixtures/registry-clients.ts';
import { type PrivateRegistry, startPrivateRegistry } from './fixtures/registry.ts';
import { type RegistryVersions, startBothVersions } from './fixtures/registry-versions.ts';
import { describeWith } from './fixtures/requirements.ts';
import { openScratchDirectory } from './fixtures/scratch-directory.ts';
import { uniqueBinary } from './fixtures/wasm-binary.ts';

const formats: readonly ArtifactFormat[] = ['cncf', 'wasm-to-oci'];
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const noteType = 'application/vnd.example.note';

await describeWith('registries over TLS with passwords', ['registry', 'registry tools', 'htpasswd'], () => {
  const unwind = new AsyncDisposableStack();
  let root: string;
  let registries: RegistryVersions<PrivateRegistry>;
  let client: RegistryClient;

  beforeAll(async () => {
    root = unwind.use(await openScratchDirectory('registries')).path;
    registries = await startBothVersions(startPrivateRegistry, unwind);
    client = unwind.use(await openGuardedClient(Object.values(registries)));
  });
  afterAll(() => unwind.disposeAsync());

  describe.each([
    { version: 'distribution 2.8', which: 'debian', tagCount: 20, pages: 1 },
    { version: 'distribution 3.1', which: 'current', tagCount: 1_050, pages: 2 },
  ] as const)('$version', ({ which, tagCount, pages }) => {
    test.each(formats)('gives back what was pushed: %s', async (format) => {
      const reference = `${registries[which].host}/team/${format}:v1`;
      const bytes = uniqueBinary('module', 3_000_000);
      const pushed = await pushArtifact({ to: client, reference, module: bytes, format });
      expect(pushed.transferred).toBe(true);
      const store = await openLayoutStore(join(root, `${which}-${format}`));
      const pulled = await pullArtifact({ from: client, to: store, reference });
      expect(pulled).toMatchObject({ format, digest: pushed.digest, access: { kind: 'credential' } });
      expect(digestOf(await readModuleBytes(store, pulled))).toBe(digestOf(bytes));
      const again = await pushArtifact({
        to: client,
        reference,
        module: bytes,
        format,
        created: new Date(0),
      });
      expect(again.layer).toEqual(pushed.layer);
    });

    test('refuses who has no password or a wrong one', async () => {
      const { host, user, caFile } = registries[which];
      const reference = `${host}/team/refused:v1`;
      await using strangers = await openGuardedClient([{ host, user, password: 'wrong', caFile }]);
      const push = (credentials?: readonly []): Promise<unknown> =>
        pushArtifact({
          to: strangers,
          reference,
          module: uniqueBinary('module', 10),
          ...(credentials === undefined ? {} : { credentials }),
        });
      await expect(push()).rejects.toMatchObject({ code: 'UNAUTHORIZED', host });
      await expect(push([])).rejects.toMatchObject({ code: 'UNAUTHORIZED', host });
    });

    test(`lists tags, ${pages === 1 ? 'which it tells at once' : 'more than it tells at once'}`, async () => {
      const repository = repositoryOf(client, `${registries[which].host}/team/many`);
      const manifest = await writeNote(repository, { text: 'many' });
      const tags = Array.from({ length: tagCount }, (_, index) => `t${String(index).padStart(4, '0')}`);
      const waiting = tags.values();
      const tagRest = async (): Promise<void> => {
        for (const tag of waiting) await repository.tag(manifest, referenceIn(repository, tag));
      };
      await Promise.all(Array.from({ length: 8 }, tagRest));
      expect((await listOf(repository.list())).toSorted()).toEqual(tags);
      const listings = (): unknown => registries[which].log().match(/"GET \/v2\/team\/many\/tags\/list/g);
      await expect.poll(listings).toHaveLength(pages);
    });

    test('deletes what it is told to', async () => {
      const repository = repositoryOf(client, `${registries[which].host}/team/deleted`);
      const manifest = await writeNote(repository, { text: 'deleted' });
      const reference = referenceIn(repository, 'v1');
      await repository.tag(manifest, reference);
      expect(await repository.resolve(reference)).toMatchObject({ digest: manifest.descriptor.digest });
      await repository.delete(manifest.descriptor);
      await expect(repository.resolve(reference)).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
      expect(await repository.has(manifest.descriptor)).toBe(false);
    });

    test('mounts a blob of another repository', async () => {
      const { host } = registries[which];
      const from = repositoryOf(client, `${host}/team/mounted-from`);
      const to = repositoryOf(client, `${host}/team/mounted-to`);
      const blob = await writeBlob(from, uniqueBinary('module', 1_000));
      expect(await to.has(blob)).toBe(false);
      expect(await to.mount(blob, from.location)).toBe(true);
      expect(await to.has(blob)).toBe(true);
    });

    test('tells what refers to an artifact by the tag that is kept for it', async () => {
      const repository = repositoryOf(client, `${registries[which].host}/team/subject`);
      const { subject, referrer } = await referTo(repository);
      const tag = subject.digest.replace(':', '-');
      expect(await listOf(repository.list())).toEqual([tag]);
      await repository.delete(referrer);
      expect(await listOf(repository.referrers(subject))).toEqual([]);
    });
  });

  test('copies an artifact, with what refers to it, from one to the other', async () => {
    const source = parseReference(`${registries.debian.host}/team/copied:v1`);
    const bytes = uniqueBinary('component', 500_000);
    const { digest } = await pushArtifact({ to: client, reference: source, module: bytes });
    const from = client.repository(source);
    const subject = await from.resolve(source);
    const { descriptor: referrer } = await writeNote(from, { text: 'referrer', subject });
    const destination = { ...source, registry: registries.current.host };
    const to = client.repository(destination);
    await copy({ from, to, source, destination, referrers: true });
    const store = await openLayoutStore(join(root, 'copied'));
    const pulled = await pullArtifact({ from: client, to: store, reference: destination });
    expect(pulled).toMatchObject({ digest, kind: 'component' });
    expect(digestOf(await readModuleBytes(store, pulled))).toBe(digestOf(bytes));
    expect(await listOf(to.referrers(subject))).toMatchObject([{ digest: referrer.digest }]);
  });
});

await describeWith('a registry with the referrers API', ['registry tools'], () => {
  const unwind = new AsyncDisposableStack();
  let registry: ReferrersRegistry;
  let client: RegistryClient;
  let peers: RegistryClients;

  beforeAll(async () => {
    const root = unwind.use(await openScratchDirectory('referrers')).path;
    registry = unwind.use(await startReferrersRegistry());
    client = unwind.use(createRegistryClient());
    peers = await openRegistryClients(root, []);
  });
  afterAll(() => unwind.disposeAsync());

  test('tells oras what we attached', async () => {
    const repository = repositoryOf(client, `${registry.host}/team/subject`);
    const { subject, referrer } = await referTo(repository);
    const name = `${registry.host}/team/subject@${subject.digest}`;
    expect(await peers.oras('discover', '--plain-http', '--format', 'json', name)).toContain(referrer.digest);
  });

  test('tells us what oras attached, for which there is no tag', async () => {
    const reference = parseReference(`${registry.host}/team/attached:v1`);
    const { digest } = await pushArtifact({ to: client, reference, module: uniqueBinary('module', 1_000) });
    const name = `${registry.host}/team/attached:v1`;
    const byApi = ['--plain-http', '--distribution-spec', 'v1.1-referrers-api'];
    await peers.oras('attach', ...byApi, '--artifact-type', noteType, '--annotation', 'by=oras', name);
    const repository = client.repository(reference);
    const subject = await repository.resolve(reference);
    expect(subject.digest).toBe(digest);
    expect(await listOf(repository.referrers(subject))).toMatchObject([{ annotations: { by: 'oras' } }]);
    expect(await listOf(repository.list())).toEqual(['v1']);
  });
});

type Manifest = Parameters<Repository['tag']>[0];

function repositoryOf(client: RegistryClient, name: string): Repository {
  return client.repository(parseReference(name));
}

function referenceIn({ location }: Repository, tag: string): ReturnType<typeof parseReference> {
  return parseReference(`${location.registry}/${location.repository}:${tag}`);
}

/** Writes an artifact and another that refers to it, and expects the repository to tell so. */
async function referTo(
  repository: Repository,
): Promise<{ readonly subject: Descriptor; readonly referrer: Descriptor }> {
  const { descriptor: subject } = await writeNote(repository, { text: 'subject' });
  const { descriptor: referrer } = await writeNote(repository, { text: 'referrer', subject });
  const found = await listOf(repository.referrers(subject, { artifactType: noteType }));
  expect(found).toMatchObject([{ digest: referrer.digest, artifactType: noteType }]);
  expect(await listOf(repository.referrers(subject, { artifactType: 'application/other' }))).toEqual([]);
  return { subject, referrer };
}

interface Note {
  readonly text: string;
  readonly subject?: Descriptor;
}

async function writeNote(repository: Repository, { text, subject }: Note): Promise<Manifest> {
  const blob = await writeBlob(repository, Buffer.from('{}'));
  const empty = { ...blob, mediaType: 'application/vnd.oci.empty.v1+json' };
  // Its config's type is that of the artifact, which go-containerregistry's registry looks at alone.
  const content = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: { ...blob, mediaType: noteType },
      layers: [empty],
      ...(subject === undefined ? {} : { subject }),
      annotations: { text },
    }),
  );
  const descriptor = { mediaType: manifestType, digest: digestOf(content), size: content.length };
  await repository.write(descriptor, () => once(content));
  return { descriptor, bytes: content };
}

async function writeBlob(repository: Repository, content: Uint8Array): Promise<Descriptor> {
  const descriptor = {
    mediaType: 'application/octet-stream',
    digest: digestOf(content),
    size: content.length,
  };
  await repository.write(descriptor, () => once(content));
  return descriptor;
}

async function listOf<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
