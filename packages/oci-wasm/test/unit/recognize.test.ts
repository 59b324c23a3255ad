import { describe, expect, test } from 'vitest';
import { chooseManifest } from '../../src/artifact/choose-manifest.ts';
import { parseManifest } from '../../src/artifact/parse-manifest.ts';
import { readImageConfig } from '../../src/artifact/image-config.ts';
import { recognize, recognizeImage } from '../../src/artifact/recognize.ts';
import type { Descriptor, Platform } from '../../src/index.ts';
import { cncf, wasmToOci } from '../fixtures/artifacts.ts';

const digest = `sha256:${'0'.repeat(64)}`;
const of = (mediaType: string): Descriptor => ({ mediaType, digest, size: 1 });
const manifest = (config: string, ...layers: string[]) => ({
  kind: 'manifest' as const,
  config: of(config),
  layers: layers.map(of),
  artifactType: undefined as string | undefined,
  annotations: {},
});
const image = 'application/vnd.oci.image.config.v1+json';
const empty = 'application/vnd.oci.empty.v1+json';
const variant = 'module.wasm.image/variant';
const spinLock = 'application/vnd.fermyon.spin.application.v1+config';

const entry = (platform: Platform | undefined, size: number): Descriptor => ({
  ...of('application/vnd.oci.image.manifest.v1+json'),
  size,
  ...(platform === undefined ? {} : { platform }),
});

describe('a manifest', () => {
  test.each([
    ['wasm-to-oci', 'its config', manifest(wasmToOci.config, wasmToOci.layer)],
    ['cncf', 'its config', manifest(cncf.config, cncf.layer)],
    // By a producer that mixes the two.
    ['wasm-to-oci', 'its config', manifest(wasmToOci.config, cncf.layer)],
    ['wasmcloud', 'its config', manifest('application/vnd.module.wasm.config.v1+json', cncf.layer)],
    ['wasmcloud', 'its layer', manifest('text/plain', 'application/vnd.module.wasm.content.layer.v1+wasm')],
    ['wasm-to-oci', 'its layer', manifest('text/plain', wasmToOci.layer)],
    // Pushed with a general tool.
    ['oras', 'its layer', manifest(empty, cncf.layer)],
    ['oras', 'its layer', manifest(empty, 'text/markdown', cncf.layer)],
    [
      'oras',
      'its artifact type',
      { ...manifest(empty, 'application/octet-stream'), artifactType: 'application/vnd.acme.wasm' },
    ],
    ['oras', 'its artifact type', manifest('application/vnd.acme.wasm.v1', 'application/octet-stream')],
  ])('is recognised as %s by %s', (format, reason, input) => {
    const found = recognize(input, 'x');
    expect(found).toMatchObject({ kind: 'layer', format, layer: input.layers.at(-1) });
    expect(found).toHaveProperty('reason', expect.stringContaining(reason));
  });

  test.each([
    ['spin', manifest(image, wasmToOci.layer, spinLock)],
    ['spin', manifest(spinLock, wasmToOci.layer)],
    ['image-layer', manifest(image, 'application/vnd.bytecodealliance.wasm.component.layer.v0+wasm')],
    ['image-layer', manifest(image, cncf.layer)],
    ['image', manifest(image, 'application/vnd.oci.image.layer.v1.tar+gzip')],
    ['image', manifest('application/vnd.docker.container.image.v1+json')],
    ['file', manifest(empty, 'application/octet-stream')],
  ])('needs a look into it: %s', (kind, input) => {
    expect(recognize(input, 'x')).toMatchObject({ kind });
  });

  test.each([
    [
      'two modules',
      manifest(cncf.config, cncf.layer, cncf.layer),
      'has 2 layers; a wasm artifact has exactly one',
    ],
    ['no module', manifest(cncf.config), 'has no layer of type'],
    [
      'a Helm chart and a signature',
      manifest('application/vnd.cncf.helm.config.v1+json', 'x/y', 'x/z'),
      'of type application/vnd.cncf.helm',
    ],
    [
      'two files of an unknown type',
      { ...manifest(empty, 'x/y', 'x/z'), artifactType: 'application/vnd.wasm' },
      'which of them is WebAssembly is not told',
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
    ['the only one, where its platform is no machine', [entry({ os: 'wasi', architecture: '' }, 9)]],
    [
      'the one that is marked for crun',
      [
        entry(undefined, 1),
        { ...entry({ os: 'linux', architecture: 'amd64' }, 9), annotations: { [variant]: 'compat' } },
      ],
    ],
  ])('gives its entry for %s', (_title, manifests) => {
    expect(chooseManifest(manifests, 'x').size).toBe(9);
  });

  test('without one names what it has, attestations left out', () => {
    const attestation = entry({ os: 'unknown', architecture: 'unknown' }, 3);
    expect(() => chooseManifest([linux, arm, attestation], 'host/app:v1')).toThrow(
      'no match for platform in manifest: no wasi/wasm in image host/app:v1; it has linux/amd64, linux/arm64',
    );
  });

  test('with one entry for a machine alone is refused', () => {
    expect(() => chooseManifest([linux], 'x')).toThrow('it has linux/amd64');
  });

  test('with two entries that name no platform is not guessed at', () => {
    expect(() => chooseManifest([entry(undefined, 1), entry(undefined, 2)], 'x')).toThrow('no wasi/wasm');
  });
});

const reasonOf = (config: object, annotations: Readonly<Record<string, string>> = {}) =>
  recognizeImage(readImageConfig(Buffer.from(JSON.stringify(config)), 'x'), annotations, 'host/app:v1');

describe('an image for containers', () => {
  const linux = { os: 'linux', architecture: 'amd64' };

  test.each([
    ['its platform is wasi/wasm', { os: 'wasi', architecture: 'wasm' }, {}],
    ['its platform is linux/wasm32', { os: 'linux', architecture: 'wasm32' }, {}],
    [`its annotation ${variant} is compat`, linux, { [variant]: 'compat' }],
    [`its annotation ${variant} is compat-smart`, linux, { [variant]: 'compat-smart' }],
    ['its entry point is /app.wasm', { ...linux, config: { Entrypoint: ['/app.wasm'] } }, {}],
    ['its entry point is app.wat', { ...linux, config: { Cmd: ['app.wat'] } }, {}],
    ['its entry point is /app.wasm#run', { ...linux, config: { Entrypoint: ['/app.wasm#run'] } }, {}],
  ])('is for wasm: %s', (reason, config, annotations) => {
    expect(reasonOf(config, annotations)).toBe(reason);
  });

  test.each([
    [linux, {}],
    [{ ...linux, config: { Entrypoint: ['/bin/sh', 'app.wasm'] } }, {}],
    [linux, { [variant]: 'other' }],
  ])('is for machines: %j %j', (config, annotations) => {
    expect(() => reasonOf(config, annotations)).toThrow(
      'no match for platform in manifest: no wasi/wasm in image host/app:v1; it has linux/amd64',
    );
  });
});

const programOf = (config: unknown) => readImageConfig(Buffer.from(JSON.stringify({ config })), 'x').program;

test('the config of an image gives what it can', () => {
  expect(
    programOf({ Entrypoint: ['a', 1], Cmd: ['b'], Env: ['A=1=2', 'B', '=C', 'D='], WorkingDir: 'w' }),
  ).toEqual({
    entrypoint: ['a'],
    cmd: ['b'],
    env: [
      ['A', '1=2'],
      ['D', ''],
    ],
    workingDir: '/w',
  });
  const nothing = { entrypoint: [], cmd: [], env: [], workingDir: '/' };
  expect(programOf({ Entrypoint: 'a', Cmd: null, Env: {}, WorkingDir: 1 })).toEqual(nothing);
  expect(programOf([])).toEqual(nothing);
  expect(() => readImageConfig(Buffer.from('no JSON'), 'x')).toThrow('x: its config is not JSON');
});
