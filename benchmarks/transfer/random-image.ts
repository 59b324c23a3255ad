import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Descriptor, openLayoutStore, parseReference } from '@wasmlet/oci-wasm';

const nameKey = 'org.opencontainers.image.ref.name';

/** Writes a layout with one image of layers that nobody has seen before. Resolves with the digest of its manifest. */
export async function writeRandomImage(layout: string, sizes: readonly number[]): Promise<string> {
  const store = await openLayoutStore(layout);
  const write = async (mediaType: string, bytes: Uint8Array): Promise<Descriptor> => {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}` as const;
    const descriptor: Descriptor = { mediaType, digest, size: bytes.length };
    await store.write(descriptor, async function* () {
      yield bytes;
    });
    return descriptor;
  };
  const layers: Descriptor[] = [];
  for (const size of sizes)
    layers.push(await write('application/vnd.oci.image.layer.v1.tar', randomBytes(size)));
  const rootfs = { type: 'layers', diff_ids: layers.map(({ digest }) => digest) };
  const configText = JSON.stringify({ architecture: 'wasm', os: 'wasi', config: {}, rootfs });
  const config = await write('application/vnd.oci.image.config.v1+json', Buffer.from(configText));
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers }));
  const descriptor = await write(mediaType, bytes);
  await store.tag({ descriptor, bytes }, parseReference('localhost/bench:v1'));
  await nameAsSkopeoDoes(join(layout, 'index.json'));
  return descriptor.digest;
}

/** By its tag alone. */
async function nameAsSkopeoDoes(path: string): Promise<void> {
  const index = JSON.parse(await readFile(path, 'utf8')) as {
    manifests: { annotations: Record<string, string> }[];
  };
  for (const { annotations } of index.manifests) annotations[nameKey] = 'v1';
  await writeFile(path, JSON.stringify(index));
}
