import { describe, expect, test } from 'vitest';
import type { ContainerSpec } from '@wasmlet/kubelet/provider';
import { guestSpec } from '../../src/guest-spec.ts';
import type { ImageForm } from '../../src/images/image-form.ts';

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
  form: ImageForm,
  annotations: Readonly<Record<string, string>> = {},
  platform: NodeJS.Platform = 'linux',
) =>
  guestSpec({
    container: { ...container, ...changes },
    annotations,
    module: new Uint8Array(),
    form,
    isolation: 'process',
    hostModules: [],
    platform,
  });

const exact = { argv: 'exact' } as const;
const named = { argv: 'named' } as const;
const image = {
  argv: 'image',
  program: {
    entrypoint: ['/bin/app.wasm#main'],
    cmd: ['serve', '-v'],
    env: [
      ['PATH', '/bin'],
      ['A', 'of the image'],
    ],
    workingDir: '/',
  },
} as const;

describe('argv', () => {
  test.each([
    ["a wasm-to-oci artifact gets the pod's args exactly", { args: ['a'] }, exact, {}, ['a']],
    ['a CNCF artifact gets its name first', { args: ['a'] }, named, {}, ['app', 'a']],
    ['a command wins over the name', { command: ['/x'], args: ['a'] }, named, {}, ['/x', 'a']],
    [
      'a command is not lost on a wasm-to-oci artifact',
      { command: ['/x'], args: ['a'] },
      exact,
      {},
      ['/x', 'a'],
    ],
    ['the annotation names the program', { args: ['a'] }, exact, { 'wasmlet.dev/argv0': 'p' }, ['p', 'a']],
    ['an empty annotation takes the name away', { args: ['a'] }, named, { 'wasmlet.dev/argv0': '' }, ['a']],
    ['an image runs what it says', {}, image, {}, ['/bin/app.wasm', 'serve', '-v']],
    ["args replace an image's arguments", { args: ['a'] }, image, {}, ['/bin/app.wasm', 'a']],
    ['a command replaces all that an image says', { command: ['/x.wasm'] }, image, {}, ['/x.wasm']],
    [
      'a command and args replace it as well',
      { command: ['/x.wasm'], args: ['a'] },
      image,
      {},
      ['/x.wasm', 'a'],
    ],
    ['no args are none', { args: [] }, image, {}, ['/bin/app.wasm']],
    [
      "the annotation replaces an image's name",
      {},
      image,
      { 'wasmlet.dev/argv0': 'p' },
      ['p', 'serve', '-v'],
    ],
    ['an empty one takes it away', {}, image, { 'wasmlet.dev/argv0': '' }, ['serve', '-v']],
  ] as const)('%s', (_title, changes, format, annotations, expected) => {
    expect(spec(changes, format, annotations).args).toEqual(expected);
  });
});

test('env keeps its order, mounts and the memory limit are passed on', () => {
  expect(spec({}, named)).toMatchObject({
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

test('the termination log is one of its mounts, where files can be mounted', () => {
  const terminationLog = {
    hostPath: '/r/t',
    root: '/r',
    containerPath: '/dev/termination-log',
    readOnly: false,
  };
  expect(spec({ terminationLog }, named).mounts.at(-1)).toEqual({
    hostPath: '/r/t',
    root: '/r',
    guestPath: '/dev/termination-log',
    readOnly: false,
  });
  expect(spec({ terminationLog }, named, {}, 'darwin').mounts).toHaveLength(2);
});

test("an image's env is overridden by the pod's, name by name", () => {
  expect(spec({}, image).env).toEqual([
    ['PATH', '/bin'],
    ['B', '2'],
    ['A', '1'],
  ]);
});

test('the function behind the name of the program is called', () => {
  expect(spec({}, image).entry).toBe('main');
  expect(spec({ command: ['/x.wasm'] }, image)).not.toHaveProperty('entry');
});
