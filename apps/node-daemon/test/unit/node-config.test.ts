import { describe, expect, test } from 'vitest';
import { resolveNodeConfig } from '../../src/config/node-config.ts';
import { UsageError } from '../../src/errors.ts';

const resolve = (sources: Partial<Parameters<typeof resolveNodeConfig>[0]> = {}) =>
  resolveNodeConfig({ flags: {}, env: {}, file: {}, root: true, ...sources });

describe('the configuration of a node', () => {
  test.each([
    [
      'a flag wins over everything',
      { flags: { port: '1' }, env: { WASMLET_PORT: '2', KRUSTLET_PORT: '3' }, file: { listenerPort: 4 } },
      1,
    ],
    [
      "wasmlet's variable wins over Krustlet's",
      { env: { WASMLET_PORT: '2', KRUSTLET_PORT: '3' }, file: { listenerPort: 4 } },
      2,
    ],
    ["Krustlet's variable wins over the file", { env: { KRUSTLET_PORT: '3' }, file: { listenerPort: 4 } }, 3],
    ['the file wins over the default', { file: { listenerPort: '4' } }, 4],
    ['the default is 3000', {}, 3000],
  ])('%s', (_title, sources, port) => {
    expect(resolve(sources).port).toBe(port);
  });

  test('reads the variables that Krustlet does not prefix', () => {
    expect(resolve({ env: { MAX_PODS: '7', NODE_LABELS: 'a=b,c=d=e' } })).toMatchObject({
      maxPods: 7,
      nodeLabels: { a: 'b', c: 'd=e' },
    });
  });

  test('keeps its data in the home of a user and in /var/lib of root', () => {
    expect(resolve({ root: true }).dataDirectory).toBe('/var/lib/wasmlet');
    expect(resolve({ root: false }).dataDirectory).toMatch(/\.wasmlet$/);
  });

  test('lists a host name as an address only when it was given', () => {
    expect(resolve().hostname).toBeUndefined();
    expect(resolve({ flags: { hostname: 'edge-1' } })).toMatchObject({
      hostname: 'edge-1',
      certificateHostname: 'edge-1',
    });
  });

  test('an empty variable counts as absent', () => {
    expect(resolve({ env: { WASMLET_PORT: '' } }).port).toBe(3000);
  });

  test('takes a bare --x-allow-local-modules for true and Krustlet’s text form as well', () => {
    expect(resolve({ flags: { xAllowLocalModules: true } }).allowLocalModules).toBe(true);
    expect(resolve({ env: { KRUSTLET_ALLOW_LOCAL_MODULES: 'true' } }).allowLocalModules).toBe(true);
    expect(resolve({ flags: { xAllowLocalModules: 'false' } }).allowLocalModules).toBe(false);
  });

  test('takes what the kubelet and containerd have for registries', () => {
    const file = { registryHostsDir: '/certs.d', imageCredentialProviderConfig: '/providers.yaml' };
    const env = { WASMLET_IMAGE_CREDENTIAL_PROVIDER_BIN_DIR: '/bin/providers' };
    const flags = { registryHostsDir: '/etc/containerd/certs.d' };
    expect(resolve({ file, env, flags })).toMatchObject({
      registryHostsDirectory: '/etc/containerd/certs.d',
      credentialProviderConfig: '/providers.yaml',
      credentialProviderBinDirectory: '/bin/providers',
    });
    expect(resolve().registryHostsDirectory).toBeUndefined();
    expect(resolve().signaturePolicyFile).toBeUndefined();
    expect(resolve({ file: { signaturePolicy: '/policy.yaml' } }).signaturePolicyFile).toBe('/policy.yaml');
  });

  test('takes the watermarks of images as the kubelet does, with its defaults', () => {
    expect(resolve().imageCollection).toEqual({ highPercent: 85, lowPercent: 80, minimumAgeMs: 120_000 });
    const file = {
      imageGCHighThresholdPercent: 70,
      imageGCLowThresholdPercent: '50',
      imageMinimumGCAge: '1h0m30s',
    };
    const flags = { imageGcHighThreshold: '100' };
    const env = { WASMLET_IMAGE_GC_LOW_THRESHOLD: '0' };
    expect(resolve({ file }).imageCollection).toEqual({
      highPercent: 70,
      lowPercent: 50,
      minimumAgeMs: 3_630_000,
    });
    expect(resolve({ file, env, flags }).imageCollection).toMatchObject({ highPercent: 100, lowPercent: 0 });
  });

  test('takes how pods may be kept apart, the default first', () => {
    const file = { isolation: ['process', 'thread'] };
    expect(resolve({}).isolation).toEqual(['process']);
    expect(resolve({ file }).isolation).toEqual(['process', 'thread']);
    expect(resolve({ file, env: { WASMLET_ISOLATION: 'thread,process' } }).isolation).toEqual([
      'thread',
      'process',
    ]);
  });

  test.each([
    ['--image-gc-high-threshold', { flags: { imageGcHighThreshold: '101' } }],
    ['--image-gc-low-threshold', { file: { imageGCLowThresholdPercent: -1 } }],
    ['--image-gc-low-threshold', { flags: { imageGcHighThreshold: '80' } }],
    ['--minimum-image-ttl-duration', { flags: { minimumImageTtlDuration: 'soon' } }],
    ['--minimum-image-ttl-duration', { file: { imageMinimumGCAge: '-2m' } }],
    ['--port', { flags: { port: 'x' } }],
    ['--port', { env: { KRUSTLET_PORT: '65536' } }],
    ['--max-pods', { env: { MAX_PODS: '-1' } }],
    ['--node-labels', { flags: { nodeLabels: 'novalue' } }],
    ['--x-allow-local-modules', { flags: { xAllowLocalModules: 'maybe' } }],
    ['--node-name', { flags: { nodeName: 'no spaces' } }],
    ['--isolation', { flags: { isolation: 'process,shared' } }],
    ['--isolation', { file: { isolation: [] } }],
    ['--plugins-dir', { flags: { pluginsDir: '/x' } }],
    ['KRUSTLET_DEVICE_PLUGINS_DIR', { env: { KRUSTLET_DEVICE_PLUGINS_DIR: '/x' } }],
    ['pluginsDir', { file: { pluginsDir: '/x' } }],
  ])('refuses a bad %s by its name', (name, sources) => {
    expect(() => resolve(sources)).toThrow(UsageError);
    expect(() => resolve(sources)).toThrow(name);
  });
});
