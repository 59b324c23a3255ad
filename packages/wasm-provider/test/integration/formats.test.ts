import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import wabt from 'wabt';
import { describe, expect, test } from 'vitest';
import { tarOf } from '../../../oci-wasm/test/fixtures/tar.ts';
import {
  addImage,
  containerConfig,
  gzipLayer,
  type ImageParts,
} from '../../../oci-wasm/test/fixtures/wasm-images.ts';
import { digestOf } from '../../../oci-wasm/test/registry/content-store.ts';
import { commandGuests, commandOf } from '../../../wasm-runtime/test/fixtures/component/command-guests.ts';
import { examplePath, startNode, type TestNode } from '../fixtures/node.ts';

const printer = await readFile(examplePath('printer'));
const hello = await readFile(examplePath('hello-wasm'));

/** As `docker buildx build --platform wasi/wasm` makes it. */
const compat = (config: object): ImageParts => ({
  config: containerConfig(config),
  layers: [
    {
      mediaType: gzipLayer,
      bytes: gzipSync(tarOf({ name: 'bin/' }, { name: 'bin/hello.wasm', content: hello })),
    },
    { mediaType: gzipLayer, bytes: gzipSync(tarOf({ name: 'bin/printer.wasm', content: printer })) },
  ],
});

const pulled = (node: TestNode, parts: ImageParts) => {
  addImage(node.registry, parts);
  return node.pull(`${node.registry.host}/team/app:v1`);
};

describe('a container of an image with a file system', () => {
  const program = { Entrypoint: ['/bin/printer.wasm'], Cmd: ['args'], Env: ['A=of the image', 'B=too'] };

  test('runs the file and the arguments that the image names', async () => {
    await using node = await startNode();
    const image = await pulled(node, compat(program));
    expect(await node.run(image)).toMatchObject({
      exit: { exitCode: 0, reason: 'Completed' },
      lines: ['arg 0 /bin/printer.wasm', 'arg 1 args'],
    });
  });

  test("runs the pod's arguments in place of the image's, and in its environment", async () => {
    await using node = await startNode();
    const image = await pulled(node, compat(program));
    const { lines } = await node.run(
      image,
      { args: ['env'], env: [{ name: 'A', value: 'of the pod' }] },
      { annotations: { 'wasmlet.dev/argv0': '' } },
    );
    expect(lines).toEqual(['env B=too', 'env A=of the pod']);
  });

  test("runs the file that the pod's command names", async () => {
    await using node = await startNode();
    const image = await pulled(node, compat({ ...program, Env: ['PATH=/usr/bin:/bin'] }));
    expect((await node.run(image, { command: ['hello.wasm'] })).lines).toEqual(['Hello, World!']);
  });

  test("is refused when the pod's command names none", async () => {
    await using node = await startNode();
    const image = await pulled(node, compat(program));
    await expect(node.run(image, { command: ['/bin/sh'] })).rejects.toMatchObject({
      code: 'CONTAINER_CREATE',
      message: expect.stringContaining('has no file /bin/sh in its layers'),
    });
  });

  test('is found again after a restart, without asking', async () => {
    await using node = await startNode();
    const image = await pulled(node, compat(program));
    await node.registry[Symbol.asyncDispose]();
    const { reference } = image;
    const again = await node.restarted().pullImage({ reference, policy: 'IfNotPresent', credentials: [] });
    expect(again).toMatchObject({ digest: image.digest, pulled: false });
  });
});

test('a container of an image whose layer is the module calls the function that its entry point names', async () => {
  const text = `(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const 1)))
    (func (export "other") (call $exit (i32.const 7))))`;
  const module = (await wabt()).parseWat('guest.wat', text);
  const bytes = module.toBinary({}).buffer;
  module.destroy();
  await using node = await startNode();
  const image = await pulled(node, {
    config: containerConfig({ Entrypoint: ['/app.wasm#other'] }, 'wasip1'),
    layers: [{ mediaType: 'application/vnd.bytecodealliance.wasm.component.layer.v0+wasm', bytes }],
  });
  expect((await node.run(image)).exit).toMatchObject({ exitCode: 7 });
  expect((await node.run(image, { command: ['/app.wasm'] })).exit).toMatchObject({ exitCode: 1 });
});

describe('a component that is a command', async () => {
  const component = await commandOf(commandGuests.hello);
  const formats: readonly (readonly [name: string, parts: ImageParts])[] = [
    [
      'as the only layer',
      {
        config: containerConfig({ Entrypoint: ['/app.wasm'] }, 'wasip2'),
        layers: [
          { mediaType: 'application/vnd.bytecodealliance.wasm.component.layer.v0+wasm', bytes: component },
        ],
      },
    ],
    [
      'in a file system',
      {
        config: containerConfig({ Entrypoint: ['/app.wasm'] }),
        layers: [
          {
            mediaType: gzipLayer,
            bytes: gzipSync(tarOf({ name: 'app.wasm', content: Buffer.from(component) })),
          },
        ],
      },
    ],
  ];

  test.each(formats)('runs %s', async (_name, parts) => {
    await using node = await startNode();
    expect(await node.run(await pulled(node, parts))).toMatchObject({
      exit: { exitCode: 0, reason: 'Completed' },
      lines: ['Hello, World!'],
    });
  });

  test('runs as an artifact, and fails with 1 when its command does', async () => {
    await using node = await startNode();
    const image = await node.pull(await node.push(await commandOf(commandGuests.failed)));
    expect(await node.run(image)).toMatchObject({
      exit: { exitCode: 1, reason: 'Error' },
      lines: ['Hello, World!'],
    });
  });

  test('is refused by what it exports when it is none', async () => {
    await using node = await startNode();
    const library = await parse('(component (component $c) (instance $i) (export "a:b/c" (instance $i)))');
    await expect(node.run(await node.pull(await node.push(library)))).rejects.toMatchObject({
      code: 'CONTAINER_CREATE',
      message: expect.stringContaining('it exports a:b/c') as unknown,
    });
  });
});

const spin = (trigger: string): ImageParts => ({
  config: {
    mediaType: 'application/vnd.fermyon.spin.application.v1+config',
    content: {
      spin_lock_version: 1,
      triggers: [{ id: 't', trigger_type: trigger, trigger_config: { component: 'c' } }],
      components: [{ id: 'c', source: { digest: digestOf(printer) }, env: { A: '1' } }],
    },
  },
  layers: [{ mediaType: 'application/vnd.wasm.content.layer.v1+wasm', bytes: printer }],
});

describe('a container of a Spin application', () => {
  test('that is a command runs', async () => {
    await using node = await startNode();
    const image = await pulled(node, spin('command'));
    expect((await node.run(image, { command: ['env'] })).lines).toEqual(['env A=1']);
  });

  test('that answers requests is refused', async () => {
    await using node = await startNode();
    const image = await pulled(node, spin('http'));
    await expect(node.run(image)).rejects.toMatchObject({
      code: 'CONTAINER_CREATE',
      message: expect.stringContaining('a Spin application with the trigger "http"'),
    });
  });
});
