import { describe, expect, test } from 'vitest';
import { envFieldValue, goQuote, volumeFieldValue } from '../../../src/containers/field-ref.ts';
import { requireContainer, resourceFieldValue } from '../../../src/containers/resource-field.ts';
import { testNode, testPod } from './environment-fixtures.ts';

const pod = testPod({
  metadata: {
    labels: { app: 'web', 'example.com/tier': 'front' },
    annotations: { note: 'say "hi"\n\tüå😀\u0001' },
  },
  spec: { nodeName: 'n1', serviceAccountName: 'builder' },
});

describe('fieldRef of a variable', () => {
  test.each([
    ['metadata.name', 'p'],
    ['metadata.namespace', 'ns'],
    ['metadata.uid', 'u-1'],
    ["metadata.labels['app']", 'web'],
    ["metadata.labels['example.com/tier']", 'front'],
    ["metadata.labels['none']", ''],
    ["metadata.labels['toString']", ''],
    ["metadata.annotations['note']", 'say "hi"\n\tüå😀\u0001'],
    ['spec.nodeName', 'n1'],
    ['spec.serviceAccountName', 'builder'],
    ['status.hostIP', '192.0.2.1'],
    ['status.hostIPs', '192.0.2.1,2001:db8::1'],
    ['status.podIP', '10.0.0.5'],
    ['status.podIPs', '10.0.0.5,fd00::5'],
  ])('%s', (fieldPath, expected) => {
    expect(envFieldValue(fieldPath, { pod, node: testNode, podIPs: ['10.0.0.5', 'fd00::5'] })).toBe(expected);
  });

  test('shows the node’s addresses while the pod has none of its own', () => {
    expect(envFieldValue('status.podIP', { pod, node: testNode, podIPs: [] })).toBe('192.0.2.1');
    expect(envFieldValue('status.podIPs', { pod, node: testNode, podIPs: [] })).toBe('192.0.2.1,2001:db8::1');
  });

  test.each(['metadata.labels', 'metadata.annotations', 'status.phase', 'spec', '', "metadata.labels['']"])(
    '%j is refused',
    (fieldPath) => {
      expect(() => envFieldValue(fieldPath, { pod, node: testNode, podIPs: [] })).toThrow(
        `field label not supported: ${fieldPath}`,
      );
    },
  );
});

describe('fieldRef of a volume', () => {
  test('writes maps as sorted lines of quoted values', () => {
    expect(volumeFieldValue('metadata.labels', pod)).toBe('app="web"\nexample.com/tier="front"');
    expect(volumeFieldValue('metadata.annotations', pod)).toBe(String.raw`note="say \"hi\"\n\tüå😀\x01"`);
    expect(volumeFieldValue('metadata.annotations', testPod({}))).toBe('');
  });

  test('knows single entries and the identity, but neither spec nor status', () => {
    expect(volumeFieldValue("metadata.labels['app']", pod)).toBe('web');
    expect(volumeFieldValue('metadata.uid', pod)).toBe('u-1');
    expect(() => volumeFieldValue('spec.nodeName', pod)).toThrow('field label not supported: spec.nodeName');
  });

  test.each([
    ['plain', '"plain"'],
    ['\u007f\u0000', String.raw`"\x7f\x00"`],
    ['\u00a0\u200b', String.raw`"\u00a0\u200b"`],
    ['\u{e0001}', String.raw`"\U000e0001"`],
    ['\u0007\b\f\r\v\\', String.raw`"\a\b\f\r\v\\"`],
  ])('quotes %j as Go does', (text, expected) => {
    expect(goQuote(text)).toBe(expected);
  });
});

describe('resourceFieldRef', () => {
  const container = {
    name: 'c',
    resources: {
      limits: { cpu: '1100m', memory: '100Mi', 'hugepages-2Mi': '4Mi' },
      requests: { cpu: '250m', memory: '1000' },
    },
  };
  const value = (resource: string, divisor?: string, of = container): string =>
    resourceFieldValue(
      { resource, ...(divisor === undefined ? {} : { divisor }) },
      { pod, container: of, allocatable: testNode.allocatable },
    );

  test.each([
    ['limits.cpu', undefined, '2'],
    ['limits.cpu', '1', '2'],
    ['limits.cpu', '1m', '1100'],
    ['limits.cpu', '0', '2'],
    ['requests.cpu', '1m', '250'],
    ['requests.cpu', undefined, '1'],
    ['limits.memory', undefined, '104857600'],
    ['limits.memory', '1Mi', '100'],
    ['limits.memory', '1M', '105'],
    ['limits.memory', '1Gi', '1'],
    ['requests.memory', '1Ki', '1'],
    ['limits.hugepages-2Mi', '1Mi', '4'],
    ['limits.hugepages-1Gi', undefined, '0'],
    ['limits.ephemeral-storage', '1Mi', '1024'],
    ['requests.ephemeral-storage', undefined, '0'],
  ])('%s in units of %s is %s', (resource, divisor, expected) => {
    expect(value(resource, divisor)).toBe(expected);
  });

  test('falls back to the pod’s limit, then to what the node has for pods', () => {
    const bare = { name: 'c', resources: { limits: {}, requests: {} } } as unknown as typeof container;
    expect(value('limits.cpu', '1m', bare)).toBe('1930');
    expect(value('limits.memory', '1Mi', bare)).toBe('2048');
    const limited = testPod({ spec: { resources: { limits: { memory: '5Mi' } } } });
    expect(
      resourceFieldValue(
        { resource: 'limits.memory' },
        { pod: limited, container: bare, allocatable: testNode.allocatable },
      ),
    ).toBe('5242880');
  });

  test.each(['cpu', 'limits', 'limits.', 'limits.nvidia.com/gpu', 'usage.cpu'])(
    '%j is refused',
    (resource) => {
      expect(() => value(resource)).toThrow(`unsupported container resource : ${resource}`);
    },
  );

  test('refuses a quantity that is none', () => {
    expect(() => value('limits.memory', 'lots')).toThrow('"lots" is not a quantity');
  });

  test('names the container that does not exist', () => {
    expect(() => requireContainer(pod, 'ghost')).toThrow('container ghost not found');
    expect(requireContainer(pod, 'c').name).toBe('c');
  });
});
