import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { beforeAll, describe, expect, test } from 'vitest';
import { tarOf } from '../../../oci-wasm/test/fixtures/tar.ts';
import { addImage, containerConfig, gzipLayer } from '../../../oci-wasm/test/fixtures/wasm-images.ts';
import { freePort } from '../../../wasi-http/test/fixtures/free-port.ts';
import { printingServer } from '../../../wasi-http/test/fixtures/printing-server.ts';
import { readLog, start, startNode, type TestNode } from '../fixtures/node.ts';

let server: Uint8Array;
beforeAll(async () => {
  server = await printingServer();
});

const componentLayer = 'application/vnd.bytecodealliance.wasm.component.layer.v0+wasm';

/** Puts the server into the node's registry, and answers its reference. */
const formats: Readonly<Record<string, (node: TestNode) => Promise<string>>> = {
  'a CNCF artifact': (node) => node.push(server, { format: 'cncf' }),
  'an image with the component as a layer': (node) =>
    image(node, 'wasip2', { mediaType: componentLayer, bytes: server }),
  'an image with the component in a file system': (node) =>
    image(node, 'wasi', {
      mediaType: gzipLayer,
      bytes: gzipSync(tarOf({ name: 'app.wasm', content: Buffer.from(server) })),
    }),
};

async function image(
  node: TestNode,
  os: string,
  layer: { readonly mediaType: string; readonly bytes: Uint8Array },
): Promise<string> {
  const config = containerConfig({ Entrypoint: ['/app.wasm'] }, os);
  await Promise.resolve(addImage(node.registry, { config, layers: [layer] }));
  return `${node.registry.host}/team/app:v1`;
}

async function ask(port: number, path: string): Promise<{ readonly status: number; readonly body: string }> {
  const request = get({ host: '127.0.0.1', port, path, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, body: await text(response) };
}

const portOf = (containerPort: number) => ({ ports: [{ containerPort, protocol: 'TCP' as const }] });

test.each(Object.keys(formats))(
  '%s serves on its container port, and drains when it is stopped',
  async (format) => {
    await using node = await startNode();
    const pulled = await node.pull(await formats[format]!(node));
    await using pod = await node.openPod();
    const port = await freePort();
    const spec = node.container(pulled, portOf(port));
    const container = await start(pod, spec);
    expect(await ask(port, '/hello')).toEqual({ status: 200, body: 'Hello World\n' });
    const slow = ask(port, '/slow');
    while (!(await readLog(spec.logPath)).includes('/slow'));
    const exit = container.stop({ graceMs: 10_000 });
    expect(await slow).toMatchObject({ status: 200 });
    expect(await exit).toMatchObject({ exitCode: 0, reason: 'Completed' });
    expect(await readLog(spec.logPath)).toEqual(['/hello', '/slow']);
  },
);

describe('a container that serves', () => {
  test('in a thread does so as well', async () => {
    await using node = await startNode({ provider: { isolation: ['thread'] } });
    const pulled = await node.pull(await node.push(server, { format: 'cncf' }));
    await using pod = await node.openPod();
    const port = await freePort();
    const container = await start(pod, node.container(pulled, portOf(port)));
    expect(await ask(port, '/hello')).toMatchObject({ status: 200 });
    expect(await container.stop({ graceMs: 10_000 })).toMatchObject({ exitCode: 0, reason: 'Completed' });
  });

  test('is killed with 137 when its grace has passed', async () => {
    await using node = await startNode();
    const pulled = await node.pull(await node.push(server, { format: 'cncf' }));
    await using pod = await node.openPod();
    const port = await freePort();
    const spec = node.container(pulled, portOf(port));
    const container = await start(pod, spec);
    const stalled = ask(port, '/stall').catch((error: NodeJS.ErrnoException) => error.code);
    while (!(await readLog(spec.logPath)).includes('/stall'));
    expect(await container.stop({ graceMs: 200 })).toMatchObject({ exitCode: 137, reason: 'Error' });
    expect(await stalled).toBe('ECONNRESET');
  });

  test('uses an instance again as its annotation says, and tells in its log which request has trapped', async () => {
    await using node = await startNode();
    const pulled = await node.pull(await node.push(server, { format: 'cncf' }));
    await using pod = await node.openPod({ annotations: { 'wasmlet.dev/http-server': '{"reuse": 100}' } });
    const port = await freePort();
    const spec = node.container(pulled, portOf(port));
    const container = await start(pod, spec);
    const statuses: number[] = [];
    for (let count = 0; count < 6; count += 1) statuses.push((await ask(port, '/third')).status);
    expect(statuses).toEqual([200, 200, 500, 200, 200, 500]);
    await container.stop({ graceMs: 10_000 });
    expect((await readLog(spec.logPath)).join('\n')).toContain('"GET /third": wasm trap: wasm `unreachable`');
  });

  test('on a port that is taken does not start', async () => {
    await using node = await startNode();
    const pulled = await node.pull(await node.push(server, { format: 'cncf' }));
    await using pod = await node.openPod();
    const port = await freePort();
    await start(pod, node.container(pulled, portOf(port)));
    await expect(start(pod, node.container(pulled, portOf(port)))).rejects.toMatchObject({
      code: 'CONTAINER_START',
      message: expect.stringContaining(`127.0.0.1:${port}`) as string,
    });
  });
});

test('a component that is neither a command nor a server is refused with what it exports', async () => {
  const binary = await parse('(module (func (export "local:lib/api#go")))');
  const witSource = 'package local:lib; interface api { go: func(); } world lib { export api; }';
  const library = await componentNew(await componentEmbed({ binary, witSource, world: 'lib' }), []);
  await using node = await startNode();
  const pulled = await node.pull(await node.push(library, { format: 'cncf' }));
  await expect(node.run(pulled)).rejects.toMatchObject({
    code: 'CONTAINER_CREATE',
    message: expect.stringMatching(
      /neither wasi:cli\/run nor wasi:http\/incoming-handler .* it exports local:lib\/api/,
    ) as string,
  });
});
