import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ArtifactFormat,
  copy,
  formatReference,
  type LayoutStore,
  openLayoutStore,
  parseReference,
  type PulledArtifact,
  pullArtifact,
  pushArtifact,
  readArtifact,
  readModuleBytes,
  type RegistryClient,
} from '@wasmlet/oci-wasm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digestOf } from './fixtures/digest.ts';
import { openGuardedClient } from './fixtures/guarded-client.ts';
import { openRegistryClients, type RegistryClients } from './fixtures/registry-clients.ts';
import { type PrivateRegistry, startPrivateRegistry } from './fixtures/registry.ts';
import { type RegistryVersions, startBothVersions } from './fixtures/registry-versions.ts';
import { describeWith } from './fixtures/requirements.ts';
import { runProcess } from './fixtures/running-process.ts';
import { openScratchDirectory } from './fixtures/scratch-directory.ts';
import { uniqueBinary } from './fixtures/wasm-binary.ts';
import { runWasmlet } from './fixtures/wasmlet.ts';

/** Large enough for several reads and writes on the way. */
const binaryBytes = 1_500_000;
const configTypes: Readonly<Record<ArtifactFormat, string>> = {
  cncf: 'application/vnd.wasm.config.v0+json',
  'wasm-to-oci': 'application/vnd.wasm.config.v1+json',
};
const layerTypes: Readonly<Record<ArtifactFormat, string>> = {
  cncf: 'application/wasm',
  'wasm-to-oci': 'application/vnd.wasm.content.layer.v1+wasm',
};
const requirements = ['registry', 'registry tools', 'htpasswd', 'skopeo'] as const;

await describeWith('oras, crane and skopeo', requirements, () => {
  const unwind = new AsyncDisposableStack();
  let root: string;
  let registries: RegistryVersions<PrivateRegistry>;
  let peers: RegistryClients;
  let client: RegistryClient;
  let store: LayoutStore;
  let names = 0;

  beforeAll(async () => {
    const scratch = unwind.use(await openScratchDirectory('interop'));
    root = scratch.path;
    registries = await startBothVersions(startPrivateRegistry, unwind);
    peers = await openRegistryClients(root, Object.values(registries));
    client = unwind.use(await openGuardedClient(Object.values(registries)));
    store = await openLayoutStore(join(root, 'store'));
  });
  afterAll(() => unwind.disposeAsync());

  const unique = (name: string): string => `${name}-${(names += 1)}`;
  const folder = async (name: string): Promise<string> => {
    const path = join(root, unique(name));
    await mkdir(path);
    return path;
  };

  async function pushOurs(
    registry: PrivateRegistry,
    format: ArtifactFormat,
  ): Promise<{ readonly name: string; readonly digest: string; readonly bytes: Uint8Array }> {
    const name = `${registry.host}/ours/${unique('app')}:v1`;
    const bytes = uniqueBinary('module', binaryBytes);
    const { digest } = await pushArtifact({ to: client, reference: name, module: bytes, format });
    return { name, digest, bytes };
  }

  /** As somebody would who has read the format's specification. */
  async function pushWithOras(
    registry: PrivateRegistry,
    format: ArtifactFormat,
  ): Promise<{ readonly name: string; readonly title: string; readonly bytes: Uint8Array }> {
    const name = `${registry.host}/theirs/${unique('app')}:v1`;
    const bytes = uniqueBinary('module', binaryBytes);
    const files = unique('files');
    await mkdir(join(root, files));
    await writeFile(join(root, files, 'app.wasm'), bytes);
    const config =
      format === 'cncf'
        ? {
            created: '2026-01-01T00:00:00Z',
            architecture: 'wasm',
            os: 'wasip1',
            layerDigests: [digestOf(bytes)],
          }
        : {};
    await writeFile(join(root, files, 'config.json'), JSON.stringify(config));
    await peers.oras(
      'push',
      '--no-tty',
      '--config',
      `${files}/config.json:${configTypes[format]}`,
      name,
      `${files}/app.wasm:${layerTypes[format]}`,
    );
    return { name, title: `${files}/app.wasm`, bytes };
  }

  async function pullOurs(
    name: string,
  ): Promise<{ readonly artifact: PulledArtifact; readonly bytes: Uint8Array }> {
    const artifact = await pullArtifact({ from: client, to: store, reference: name });
    return { artifact, bytes: await readModuleBytes(store, artifact) };
  }

  describe.each([
    { version: 'distribution 2.8', which: 'debian', format: 'cncf' },
    { version: 'distribution 2.8', which: 'debian', format: 'wasm-to-oci' },
    { version: 'distribution 3.1', which: 'current', format: 'cncf' },
    { version: 'distribution 3.1', which: 'current', format: 'wasm-to-oci' },
  ] as const)('at $version, with $format', ({ which, format }) => {
    test('oras pulls what we pushed', async () => {
      const { name, bytes } = await pushOurs(registries[which], format);
      const output = await folder('oras');
      await peers.oras('pull', '--no-tty', '-o', output, name);
      expect(await sameBytes(join(output, 'module.wasm'), bytes)).toBe(true);
    });

    test('crane pulls what we pushed', async () => {
      const { name, digest, bytes } = await pushOurs(registries[which], format);
      const output = join(root, unique('crane'));
      await peers.crane('pull', '--format=oci', name, output);
      expect(await sameBytes(blobFile(output, digestOf(bytes)), bytes)).toBe(true);
      expect(await manifestsIn(output)).toEqual([digest]);
      expect((await peers.crane('digest', name)).trim()).toBe(digest);
    });

    test('skopeo copies what we pushed to an OCI layout, which we read', async () => {
      const { name, digest, bytes } = await pushOurs(registries[which], format);
      const output = join(root, unique('skopeo'));
      await peers.skopeo('copy', `docker://${name}`, `oci:${output}:v1`);
      expect(await manifestsIn(output)).toEqual([digest]);
      const layout = await openLayoutStore(output);
      const artifact = await readArtifact(layout, digest);
      expect(artifact.format).toBe(format);
      expect(digestOf(await readModuleBytes(layout, artifact as PulledArtifact))).toBe(digestOf(bytes));
    });

    test('we pull what oras pushed', async () => {
      const { name, bytes } = await pushWithOras(registries[which], format);
      const pulled = await pullOurs(name);
      expect(pulled.artifact).toMatchObject({ format, kind: 'module', transferred: true });
      expect(digestOf(pulled.bytes)).toBe(digestOf(bytes));
    });

    test('we pull what crane and skopeo copied', async () => {
      const { name, bytes } = await pushWithOras(registries[which], format);
      const digest = (await peers.crane('digest', name)).trim();
      const byCrane = `${registries[which].host}/crane/${unique('app')}:v1`;
      const bySkopeo = `${registries[which].host}/skopeo/${unique('app')}:v1`;
      await peers.crane('copy', name, byCrane);
      await peers.skopeo('copy', `docker://${name}`, `docker://${bySkopeo}`);
      for (const copied of [byCrane, bySkopeo]) {
        const pulled = await pullOurs(copied);
        expect(pulled.artifact).toMatchObject({ format, digest });
        expect(digestOf(pulled.bytes)).toBe(digestOf(bytes));
      }
    });
  });

  describe.each(['cncf', 'wasm-to-oci'] as const)('on disk, with %s', (format) => {
    test('oras, crane and skopeo read our layout and push it on', async () => {
      const { name, digest, bytes } = await pushOurs(registries.debian, format);
      const layout = join(root, unique('layout'));
      await pullArtifact({ from: client, to: await openLayoutStore(layout), reference: name });
      const output = await folder('oras');
      await peers.oras('pull', '--no-tty', '--oci-layout', '-o', output, `${layout}@${digest}`);
      expect(await sameBytes(join(output, 'module.wasm'), bytes)).toBe(true);

      const { host } = registries.current;
      const pushed = {
        crane: `${host}/crane/${unique('app')}:v1`,
        skopeo: `${host}/skopeo/${unique('app')}:v1`,
      };
      await peers.crane('push', layout, pushed.crane);
      await peers.skopeo('copy', `oci:${layout}:${name}`, `docker://${pushed.skopeo}`);
      for (const copied of Object.values(pushed)) {
        const pulled = await pullOurs(copied);
        expect(pulled.artifact).toMatchObject({ format, digest });
        expect(digestOf(pulled.bytes)).toBe(digestOf(bytes));
      }
    });

    test('we read a name that oras or skopeo gave in a layout, and push it on', async () => {
      const { name, title, bytes } = await pushWithOras(registries.debian, format);
      const digest = (await peers.crane('digest', name)).trim();
      const layouts = { oras: join(root, unique('oras')), skopeo: join(root, unique('skopeo')) };
      await peers.oras('copy', '--no-tty', '--to-oci-layout', name, `${layouts.oras}:v1`);
      await peers.skopeo('copy', `docker://${name}`, `oci:${layouts.skopeo}:${name}`);
      const theirs = await openLayoutStore(layouts.skopeo);
      expect(await theirs.resolve(parseReference(name))).toMatchObject({ digest });
      expect(await (await openLayoutStore(layouts.oras)).resolveName('v1')).toMatchObject({ digest });
      for (const directory of Object.values(layouts)) {
        expect(await readArtifact(await openLayoutStore(directory), digest)).toMatchObject({
          format,
          digest,
        });
      }
      const source = parseReference(name);
      const destination = { ...source, registry: registries.current.host };
      await copy({ from: theirs, to: client.repository(destination), source, destination });
      const copied = `${registries.current.host}/${source.repository}:v1`;
      const output = await folder('oras');
      await peers.oras('pull', '--no-tty', '-o', output, copied);
      expect(await sameBytes(join(output, title), bytes)).toBe(true);
    });
  });

  test('the command line pushes to oras and pulls from it', async () => {
    const bytes = uniqueBinary('module', binaryBytes);
    const directory = await folder('command-line');
    await writeFile(join(directory, 'app.wasm'), bytes);
    const pushed = `${registries.current.host}/ours/${unique('app')}:v1`;
    const options = { cwd: directory, env: peers.env };
    expect(await runWasmlet(['push', 'app.wasm', pushed], options)).toMatchObject({
      code: 0,
      stderr: '',
    });
    await peers.oras('pull', '--no-tty', '-o', join(directory, 'pulled'), pushed);
    expect(await sameBytes(join(directory, 'pulled', 'app.wasm'), bytes)).toBe(true);

    const theirs = await pushWithOras(registries.current, 'cncf');
    expect(await runWasmlet(['pull', theirs.name, '-o', 'theirs.wasm'], options)).toMatchObject({
      code: 0,
      stderr: '',
    });
    expect(await sameBytes(join(directory, 'theirs.wasm'), theirs.bytes)).toBe(true);
  });

  test('we find the binary in the layers of an image that crane made', async () => {
    const bytes = uniqueBinary('module', binaryBytes);
    const directory = await folder('image');
    await mkdir(join(directory, 'srv'));
    await writeFile(join(directory, 'srv', 'app.wasm'), bytes);
    expect(await runProcess('tar', ['-cf', 'layer.tar', 'srv'], { cwd: directory })).toMatchObject({
      code: 0,
      stderr: '',
    });
    const name = `${registries.current.host}/crane/${unique('image')}:v1`;
    await peers.crane('append', '--oci-empty-base', '-f', join(directory, 'layer.tar'), '-t', name);
    await peers.crane(
      'mutate',
      name,
      '--entrypoint',
      '/srv/app.wasm',
      '--set-platform',
      'wasi/wasm',
      '-t',
      name,
    );
    const zstd = `${registries.current.host}/skopeo/${unique('image')}:v1`;
    const compress = ['--dest-compress', '--dest-compress-format=zstd'];
    await peers.skopeo('copy', ...compress, `docker://${name}`, `docker://${zstd}`);
    expect(await peers.crane('manifest', zstd)).toContain('layer.v1.tar+zstd');
    for (const image of [name, zstd]) {
      const pulled = await pullOurs(image);
      expect(pulled.artifact).toMatchObject({ format: 'compat', kind: 'module' });
      expect(digestOf(pulled.bytes)).toBe(digestOf(bytes));
    }

    const source = parseReference(name);
    const destination = { ...source, registry: registries.debian.host };
    const from = client.repository(source);
    await copy({ from, to: client.repository(destination), source, destination });
    await peers.crane('validate', '--remote', formatReference(destination));
  });
});

async function sameBytes(file: string, bytes: Uint8Array): Promise<boolean> {
  return (await readFile(file)).equals(bytes);
}

function blobFile(layout: string, digest: string): string {
  return join(layout, 'blobs', ...digest.split(':'));
}

async function manifestsIn(layout: string): Promise<readonly string[]> {
  const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as {
    readonly manifests: readonly { readonly digest: string }[];
  };
  return index.manifests.map(({ digest }) => digest);
}
