import { describe, expect, test } from 'vitest';
import type { ContainerSpec } from '@wasmlet/kubelet/provider';
import { guestSpec, type ImageFormat } from '../../src/guest-spec.ts';

const container: ContainerSpec = {
  name: 'c',
  attempt: 0,
  image: {
    reference: 'registry.example:5000/team/app:1.0',
    imageId: 'registry.example:5000/team/app@sha256:0',
    digest: 'sha256:0',
    sizeBytes: 1,
    platform: 'wasi/wasm',
    pulled: true,
    durationMs: 1,
  },
  env: [
    { name: 'B', value: '2' },
    { name: 'A', value: '1' },
  ],
  mounts: [
    { hostPath: '/h', containerPath: '/g', readOnly: true },
    { hostPath: '/r/a', root: '/r', containerPath: '/a', readOnly: false },
  ],
  ports: [],
  resources: { memoryLimitBytes: 64 * 1024 * 1024 },
  stdin: false,
  tty: false,
  logPath: '/logs/0.log',
};

const spec = (
  changes: Partial<ContainerSpec>,
  format: ImageFormat,
  annotations: Readonly<Record<string, string>> = {},
) =>
  guestSpec({
    container: { ...container, ...changes },
    annotations,
    module: new Uint8Array(),
    format,
    hostModules: [],
  });

describe('argv', () => {
  test.each([
    ["a wasm-to-oci artifact gets the pod's args exactly", { args: ['a'] }, 'wasm-to-oci', {}, ['a']],
    ['a CNCF artifact gets its name first', { args: ['a'] }, 'cncf', {}, ['app', 'a']],
    ['a command wins over the name', { command: ['/x'], args: ['a'] }, 'cncf', {}, ['/x', 'a']],
    [
      'a command is not lost on a wasm-to-oci artifact',
      { command: ['/x'], args: ['a'] },
      'wasm-to-oci',
      {},
      ['/x', 'a'],
    ],
    [
      'the annotation names the program',
      { args: ['a'] },
      'wasm-to-oci',
      { 'wasmlet.dev/argv0': 'p' },
      ['p', 'a'],
    ],
    ['an empty annotation takes the name away', { args: ['a'] }, 'cncf', { 'wasmlet.dev/argv0': '' }, ['a']],
  ] as const)('%s', (_title, changes, format, annotations, expected) => {
    expect(spec(changes, format, annotations).args).toEqual(expected);
  });
});

test('env keeps its order, mounts and the memory limit are passed on', () => {
  expect(spec({}, 'cncf')).toMatchObject({
    env: [
      ['B', '2'],
      ['A', '1'],
    ],
    mounts: [
      { hostPath: '/h', guestPath: '/g', readOnly: true },
      { hostPath: '/r/a', root: '/r', guestPath: '/a', readOnly: false },
    ],
    limits: { memoryBytes: 67_108_864 },
    output: { kind: 'cri-log', path: '/logs/0.log' },
  });
});
