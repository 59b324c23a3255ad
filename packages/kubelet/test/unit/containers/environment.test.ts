import type { V1Container, V1Service } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import type { ObjectReader } from '../../../src/cluster/cluster.ts';
import { ClusterError } from '../../../src/cluster/cluster.ts';
import type { Manifest } from '../../../src/cluster/memory/memory-cluster.ts';
import { createMemoryCluster } from '../../../src/cluster/memory/memory-cluster.ts';
import { ConfigError } from '../../../src/containers/config-error.ts';
import { resolveEnvironment } from '../../../src/containers/environment.ts';
import { testNode, testPod } from './environment-fixtures.ts';

const objects = (...manifests: readonly Manifest[]): ObjectReader => {
  const cluster = createMemoryCluster({ nodeName: 'n1' });
  for (const manifest of manifests) cluster.apply(manifest);
  return cluster.objects;
};
const configMap = (name: string, data: Record<string, string>): Manifest => ({
  kind: 'ConfigMap',
  metadata: { namespace: 'ns', name },
  data,
});
const secret = (name: string, stringData: Record<string, string>): Manifest => ({
  kind: 'Secret',
  metadata: { namespace: 'ns', name },
  stringData,
});

const down = () => Promise.reject(new ClusterError('Unavailable', 'connection refused'));
const service = (namespace: string, name: string, spec: V1Service['spec']): V1Service => ({
  metadata: { namespace, name },
  ...(spec === undefined ? {} : { spec }),
});

interface Parts {
  readonly env?: V1Container['env'];
  readonly envFrom?: V1Container['envFrom'];
  readonly objects?: Pick<ObjectReader, 'configMap' | 'secret'>;
  readonly services?: readonly V1Service[];
  readonly enableServiceLinks?: boolean;
}

function resolve(parts: Parts) {
  const { env = [], envFrom = [], services = [], enableServiceLinks } = parts;
  const container = { name: 'c', env, envFrom };
  return resolveEnvironment({
    pod: testPod({
      spec: {
        containers: [container, { name: 'other', resources: { limits: { memory: '7Mi' } } }],
        ...(enableServiceLinks === undefined ? {} : { enableServiceLinks }),
      },
    }),
    container,
    objects: parts.objects ?? objects(),
    node: testNode,
    services,
    podIPs: ['10.0.0.5'],
  });
}

const values = async (parts: Parts): Promise<Record<string, string>> =>
  Object.fromEntries((await resolve(parts)).map(({ name, value }) => [name, value]));

describe('env', () => {
  test('keeps the order in which the pod wrote it', async () => {
    const env = ['Z', 'A', 'M'].map((name) => ({ name, value: name.toLowerCase() }));
    expect(await resolve({ env })).toEqual(env);
  });

  test('expands literal values with what stands before, not with what follows', async () => {
    const env = [
      { name: 'A', value: '1' },
      { name: 'B', value: '$(A)-$(C)-$$(A)' },
      { name: 'C', value: '3' },
    ];
    expect(await values({ env })).toEqual({ A: '1', B: '1-$(C)-$(A)', C: '3' });
  });

  test('expands nothing in values that come from elsewhere', async () => {
    const env = [
      { name: 'A', value: '1' },
      { name: 'B', valueFrom: { configMapKeyRef: { name: 'm', key: 'k' } } },
    ];
    expect(await values({ env, objects: objects(configMap('m', { k: '$(A)' })) })).toEqual({
      A: '1',
      B: '$(A)',
    });
  });

  test('gives a name that is set twice its later value', async () => {
    const env = [
      { name: 'A', value: '1' },
      { name: 'A', value: '$(A)2' },
    ];
    expect(await resolve({ env })).toEqual([{ name: 'A', value: '12' }]);
  });

  test('sets a variable without any source to the empty string', async () => {
    expect(await values({ env: [{ name: 'A' }, { name: 'B', value: '' }] })).toEqual({ A: '', B: '' });
  });

  test('reads ConfigMaps, Secrets, fields and resources', async () => {
    const env: V1Container['env'] = [
      { name: 'MAP', valueFrom: { configMapKeyRef: { name: 'm', key: 'k' } } },
      { name: 'SECRET', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
      { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
      {
        name: 'OTHER',
        valueFrom: { resourceFieldRef: { containerName: 'other', resource: 'limits.memory' } },
      },
    ];
    const all = objects(configMap('m', { k: 'from map' }), secret('s', { k: 'from secret ü' }));
    expect(await values({ env, objects: all })).toEqual({
      MAP: 'from map',
      SECRET: 'from secret ü',
      NAME: 'p',
      IP: '10.0.0.5',
      MEMORY: '2048',
      OTHER: '7340032',
    });
  });

  test.each<[string, V1Container['env'], string]>([
    [
      'a ConfigMap that is not there',
      [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'none', key: 'k' } } }],
      'configmap "none" not found',
    ],
    [
      'a Secret that is not there',
      [{ name: 'A', valueFrom: { secretKeyRef: { name: 'none', key: 'k' } } }],
      'secret "none" not found',
    ],
    [
      'a key that is not there',
      [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'm', key: 'none' } } }],
      "couldn't find key none in ConfigMap ns/m",
    ],
    [
      'a name of Object.prototype as key',
      [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'constructor' } } }],
      "couldn't find key constructor in Secret ns/s",
    ],
    [
      'a container that is not there',
      [{ name: 'A', valueFrom: { resourceFieldRef: { containerName: 'x', resource: 'limits.cpu' } } }],
      'container x not found',
    ],
    [
      'a source that the node does not have',
      [{ name: 'A', valueFrom: { fileKeyRef: { volumeName: 'v', path: 'p', key: 'k' } } }],
      'environment variable A comes from fileKeyRef, which this node does not support',
    ],
    ['a NUL byte', [{ name: 'A', value: 'a\0b' }], 'environment variable "A" cannot be passed on'],
    [
      'an equals sign in a name',
      [{ name: 'A=B', value: '' }],
      'environment variable "A=B" cannot be passed on',
    ],
  ])('refuses %s with upstream’s words', async (_title, env, message) => {
    const given = objects(configMap('m', { k: 'v' }), secret('s', { k: 'v' }));
    const failure = await resolve({ env, objects: given }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConfigError);
    expect((failure as Error).message).toContain(message);
  });

  test('leaves optional sources out when they are not there', async () => {
    const env: V1Container['env'] = [
      { name: 'A', valueFrom: { configMapKeyRef: { name: 'none', key: 'k', optional: true } } },
      { name: 'B', valueFrom: { secretKeyRef: { name: 's', key: 'none', optional: true } } },
      { name: 'C', value: '$(A)' },
    ];
    expect(await values({ env, objects: objects(secret('s', { k: 'v' })) })).toEqual({ C: '$(A)' });
  });

  test('passes on that the cluster cannot be asked, so that it is not taken for absence', async () => {
    const env = [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k', optional: true } } }];
    await expect(resolve({ env, objects: { configMap: down, secret: down } })).rejects.toMatchObject({
      name: 'ClusterError',
      code: 'Unavailable',
    });
  });

  test('reads each object once, however many variables come from it', async () => {
    let reads = 0;
    const given = objects(configMap('m', { a: '1', b: '2' }));
    const counting: Pick<ObjectReader, 'configMap' | 'secret'> = {
      secret: (...args) => given.secret(...args),
      configMap: (...args) => {
        reads++;
        return given.configMap(...args);
      },
    };
    const env = ['a', 'b'].map((key) => ({ name: key, valueFrom: { configMapKeyRef: { name: 'm', key } } }));
    await resolve({ env, envFrom: [{ configMapRef: { name: 'm' } }], objects: counting });
    expect(reads).toBe(1);
  });

  test('is bounded', async () => {
    const big = 'x'.repeat(130 * 1024);
    await expect(resolve({ env: [{ name: 'A', value: big }] })).rejects.toThrow(
      'A is larger than 131072 bytes',
    );
    const many = Array.from({ length: 30 }, (_, index) => ({
      name: `A${index}`,
      value: 'x'.repeat(100_000),
    }));
    await expect(resolve({ env: many })).rejects.toThrow('the environment is larger than');
    const bomb = Array.from({ length: 40 }, (_, index) => ({
      name: `V${index}`,
      value: index === 0 ? 'boom' : `$(V${index - 1})$(V${index - 1})`,
    }));
    await expect(resolve({ env: bomb })).rejects.toThrow('expands to more than');
  });
});

describe('envFrom', () => {
  const given = objects(
    configMap('one', { a: 'map one', b: 'map one' }),
    configMap('two', { b: 'map two', 'dotted.key': 'x' }),
    secret('three', { a: 'secret' }),
  );

  test('takes all keys in the order of the sources, later ones winning, with prefixes', async () => {
    const envFrom = [
      { configMapRef: { name: 'one' } },
      { configMapRef: { name: 'two' } },
      { prefix: 'S_', secretRef: { name: 'three' } },
    ];
    expect(await values({ envFrom, objects: given })).toEqual({
      a: 'map one',
      b: 'map two',
      'dotted.key': 'x',
      S_a: 'secret',
    });
  });

  test('is overridden by env, which may refer to it', async () => {
    const envFrom = [{ configMapRef: { name: 'one' } }];
    const env = [{ name: 'a', value: '<$(b)>' }];
    expect(await values({ env, envFrom, objects: given })).toEqual({ a: '<map one>', b: 'map one' });
  });

  test('fails for what is not there, unless it is optional', async () => {
    await expect(resolve({ envFrom: [{ configMapRef: { name: 'none' } }] })).rejects.toThrow(
      'configmap "none" not found',
    );
    await expect(resolve({ envFrom: [{ secretRef: { name: 'none' } }] })).rejects.toThrow(
      'secret "none" not found',
    );
    expect(await values({ envFrom: [{ secretRef: { name: 'none', optional: true } }] })).toEqual({});
  });
});

describe('service variables', () => {
  const kubernetes = service('default', 'kubernetes', {
    clusterIP: '10.96.0.1',
    ports: [{ name: 'https', port: 443, protocol: 'TCP' }],
  });
  const dns = service('ns', 'my-dns', {
    clusterIP: 'fd00::10',
    ports: [
      { name: 'dns-udp', port: 53, protocol: 'UDP' },
      { name: 'dns-tcp', port: 53, protocol: 'TCP' },
    ],
  });
  const headless = service('ns', 'headless', { clusterIP: 'None', ports: [{ port: 1 }] });
  const foreign = service('elsewhere', 'foreign', { clusterIP: '10.96.0.9', ports: [{ port: 1 }] });

  test('tell of kubernetes always', async () => {
    expect(await values({ services: [kubernetes, dns, foreign], enableServiceLinks: false })).toEqual({
      KUBERNETES_SERVICE_HOST: '10.96.0.1',
      KUBERNETES_SERVICE_PORT: '443',
      KUBERNETES_SERVICE_PORT_HTTPS: '443',
      KUBERNETES_PORT: 'tcp://10.96.0.1:443',
      KUBERNETES_PORT_443_TCP: 'tcp://10.96.0.1:443',
      KUBERNETES_PORT_443_TCP_PROTO: 'tcp',
      KUBERNETES_PORT_443_TCP_PORT: '443',
      KUBERNETES_PORT_443_TCP_ADDR: '10.96.0.1',
    });
  });

  test('tell of the pod’s own namespace unless that is switched off', async () => {
    expect(await values({ services: [dns, headless, foreign] })).toEqual({
      MY_DNS_SERVICE_HOST: 'fd00::10',
      MY_DNS_SERVICE_PORT: '53',
      MY_DNS_SERVICE_PORT_DNS_UDP: '53',
      MY_DNS_SERVICE_PORT_DNS_TCP: '53',
      MY_DNS_PORT: 'udp://[fd00::10]:53',
      MY_DNS_PORT_53_UDP: 'udp://[fd00::10]:53',
      MY_DNS_PORT_53_UDP_PROTO: 'udp',
      MY_DNS_PORT_53_UDP_PORT: '53',
      MY_DNS_PORT_53_UDP_ADDR: 'fd00::10',
      MY_DNS_PORT_53_TCP: 'tcp://[fd00::10]:53',
      MY_DNS_PORT_53_TCP_PROTO: 'tcp',
      MY_DNS_PORT_53_TCP_PORT: '53',
      MY_DNS_PORT_53_TCP_ADDR: 'fd00::10',
    });
    expect(await values({ services: [dns], enableServiceLinks: false })).toEqual({});
  });

  test('can be used in values, and are overridden by the pod', async () => {
    const env = [
      { name: 'URL', value: 'https://$(KUBERNETES_SERVICE_HOST)/' },
      { name: 'KUBERNETES_SERVICE_HOST', value: 'proxy' },
    ];
    const all = await values({ env, services: [kubernetes] });
    expect(all['URL']).toBe('https://10.96.0.1/');
    expect(all['KUBERNETES_SERVICE_HOST']).toBe('proxy');
  });

  test('prefer a kubernetes of the pod’s own namespace', async () => {
    const own = service('ns', 'kubernetes', { clusterIP: '10.96.0.77', ports: [{ port: 443 }] });
    for (const services of [
      [own, kubernetes],
      [kubernetes, own],
    ]) {
      expect((await values({ services }))['KUBERNETES_SERVICE_HOST']).toBe('10.96.0.77');
    }
  });
});
