import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fetchGuest } from '../../../wasi-http/test/fixtures/fetch-guest.ts';
import { echo, serve, type TestServer } from '../../../wasi-http/test/fixtures/http-server.ts';
import { egressAnnotation, type EgressDenial } from '../../src/index.ts';
import { start, startNode, type TestNode } from '../fixtures/node.ts';

let server: TestServer;
let component: Uint8Array;
beforeAll(async () => {
  server = await serve(echo);
  component = await fetchGuest();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Runs a component that makes a request to the server, in a pod with these annotations. */
async function fetchFrom(node: TestNode, annotations: Readonly<Record<string, string>>) {
  const image = await node.pull(await node.push(component, { format: 'cncf' }));
  return node.run(image, { args: [`127.0.0.1:${server.port}`, '/path'] }, { annotations });
}

const allow = (...entries: readonly string[]) => ({ [egressAnnotation]: JSON.stringify({ allow: entries }) });

describe('a component in a pod', () => {
  test.each([
    ['its annotation', () => allow(`http://127.0.0.1:${server.port}`)],
    ['Krustlet’s', () => ({ 'alpha.wasi.krustlet.dev/allowed-domains': '["http://127.0.0.1"]' })],
  ])('makes requests where %s and the operator let it', async (_which, annotations) => {
    await using node = await startNode({ provider: { egressGrants: ['127.0.0.1'] } });
    const { exit, lines } = await fetchFrom(node, annotations());
    expect(exit).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(lines.join(''))).toMatchObject({ url: '/path' });
  });

  test.each([
    ['nothing is allowed', () => ({}), {}, 15],
    ['another port is allowed', () => allow('http://127.0.0.1'), {}, 15],
    ['the ceiling is lower', () => allow('127.0.0.1'), { egressCeiling: ['*.example.com'] }, 15],
    ['its address is not granted', () => allow('127.0.0.1'), { egressGrants: [] }, 4],
    [
      'its address is guarded',
      () => allow('127.0.0.1'),
      { egressGrants: ['127.0.0.0/8'], egressGuarded: ['127.0.0.1'] },
      4,
    ],
  ])('makes none where %s, and the denials are counted', async (_what, annotations, operator, exitCode) => {
    const denials: EgressDenial[] = [];
    await using node = await startNode({
      provider: {
        egressGrants: ['127.0.0.1'],
        ...operator,
        onEgressDenied: (denial) => denials.push(denial),
      },
    });
    const before = server.connections();
    const { exit } = await fetchFrom(node, annotations());
    expect(exit).toMatchObject({ exitCode });
    expect(server.connections()).toBe(before);
    expect(denials).toMatchObject([{ container: 'main', total: 1, report: { host: '127.0.0.1' } }]);
  });
});

test('an annotation that cannot be read is named before anything starts', async () => {
  await using node = await startNode();
  const image = await node.pull(await node.push(component, { format: 'cncf' }));
  await using pod = await node.openPod({ annotations: { [egressAnnotation]: '{"allow": ["*"]}' } });
  await expect(start(pod, node.container(image))).rejects.toMatchObject({
    code: 'CONTAINER_CONFIG',
    message: expect.stringContaining(`annotation ${egressAnnotation}: "*"`) as unknown,
  });
});

test('what the operator has written wrongly keeps the provider from being made', async () => {
  await using node = await startNode();
  expect(() => node.restarted({ egressCeiling: ['https://a/b'] })).toThrow(
    expect.objectContaining({ code: 'INVALID_HOST' }),
  );
});
