import { describe, expect, test } from 'vitest';
import { chooseManifest } from '../../src/artifact/choose-manifest.ts';
import { parseManifest } from '../../src/artifact/parse-manifest.ts';
import { foreignImage, recognize } from '../../src/artifact/recognize.ts';
import type { Descriptor, Platform } from '../../src/index.ts';
import { cncf, wasmToOci } from '../fixtures/artifacts.ts';

const digest = `sha256:${'0'.repeat(64)}`;
const of = (mediaType: string): Descriptor => ({ mediaType, digest, size: 1 });
const manifest = (config: string, ...layers: string[]) => ({
  kind: 'manifest' as const,
  config: of(config),
  layers: layers.map(of),
  artifactType: undefined,
});
const image = 'application/vnd.oci.image.config.v1+json';

const entry = (platform: Platform | undefined, size: number): Descriptor => ({
  ...of('application/vnd.oci.image.manifest.v1+json'),
  size,
  ...(platform === undefined ? {} : { platform }),
});

describe('a manifest', () => {
  test.each([
    ['wasm-to-oci', manifest(wasmToOci.config, wasmToOci.layer)],
    ['cncf', manifest(cncf.config, cncf.layer)],
    // Pushed with a general tool, or by a producer that mixes the two.
    ['cncf', manifest('application/vnd.oci.empty.v1+json', cncf.layer)],
    ['wasm-to-oci', manifest(wasmToOci.config, cncf.layer)],
  ])('is recognised as %s', (format, input) => {
    expect(recognize(input, 'x')).toMatchObject({ kind: 'wasm', format });
  });

  test('of a container image is told from an artifact', () => {
    expect(recognize(manifest(image, 'application/vnd.oci.image.layer.v1.tar+gzip'), 'x')).toMatchObject({
      kind: 'image',
    });
  });

  test.each([
    [
      'two modules',
      manifest(cncf.config, cncf.layer, cncf.layer),
      'has 2 layers; a wasm artifact has exactly one',
    ],
    ['no module', manifest(cncf.config), 'has no layer of type'],
    [
      'a Spin application',
      manifest(image, wasmToOci.layer, 'application/vnd.fermyon.spin.application.v1+config'),
      'Spin',
    ],
    [
      'a Helm chart',
      manifest('application/vnd.cncf.helm.config.v1+json', 'x/y'),
      'of type application/vnd.cncf.helm',
    ],
  ])('with %s is refused by what it is', (_title, input, reason) => {
    expect(() => recognize(input, 'x')).toThrow(reason);
  });

  test.each([
    ['text', 'hello', 'not JSON'],
    ['a list', '[]', 'no JSON object'],
    ['schema 1', '{"schemaVersion":1}', 'schemaVersion 1'],
    ['nothing', '{"schemaVersion":2}', 'neither config and layers nor manifests'],
    [
      'a bad layer',
      `{"schemaVersion":2,"config":${JSON.stringify(of('a'))},"layers":[{"digest":"x"}]}`,
      'without mediaType',
    ],
    [
      'a bad size',
      `{"schemaVersion":2,"config":{"mediaType":"a","digest":"${digest}","size":-1},"layers":[]}`,
      'neither',
    ],
    [
      'too many entries',
      JSON.stringify({ schemaVersion: 2, manifests: Array.from({ length: 1001 }, () => 0) }),
      '1001 entries',
    ],
  ])('that is %s is refused', (_title, text, reason) => {
    expect(() => parseManifest(Buffer.from(text), 'x')).toThrow(reason);
  });
});

describe('an index', () => {
  const linux = entry({ os: 'linux', architecture: 'amd64' }, 1);
  const arm = entry({ os: 'linux', architecture: 'arm64' }, 2);

  test.each([
    [
      'wasi/wasm',
      [
        linux,
        entry({ os: 'linux', architecture: 'wasm' }, 8),
        entry({ os: 'wasi', architecture: 'wasm' }, 9),
      ],
    ],
    ['wasip1/wasm', [linux, entry({ os: 'wasip1', architecture: 'wasm' }, 9)]],
    ['wasi/wasm32', [linux, entry({ os: 'wasi', architecture: 'wasm32' }, 9)]],
    ['linux/wasm', [linux, entry({ os: 'linux', architecture: 'wasm' }, 9)]],
    ['the only one without a platform', [linux, entry(undefined, 9)]],
  ])('gives its entry for %s', (_title, manifests) => {
    expect(chooseManifest(manifests, 'x').size).toBe(9);
  });

  test('without one names what it has, attestations left out', () => {
    const attestation = entry({ os: 'unknown', architecture: 'unknown' }, 3);
    expect(() => chooseManifest([linux, arm, attestation], 'host/app:v1')).toThrow(
      'no match for platform in manifest: no wasi/wasm in image host/app:v1; it has linux/amd64, linux/arm64',
    );
  });

  test('with two entries that name no platform is not guessed at', () => {
    expect(() => chooseManifest([entry(undefined, 1), entry(undefined, 2)], 'x')).toThrow('no wasi/wasm');
  });
});

test('a wasm container image is told that only artifacts are supported', () => {
  const config = Buffer.from(JSON.stringify({ os: 'wasi', architecture: 'wasm' }));
  expect(foreignImage(config, 'x').message).toContain('push the module with `wasmlet push`');
});
