import { readFile } from 'node:fs/promises';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createRuntime } from '@wasmlet/wasm-runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { outgoingHttp, outgoingHttpUrl } from '../../src/index.ts';
import { createHandler } from '../../src/serve.ts';

// wasmtime's own programs of wasi:http 0.2, from the folder that WASMTIME_PROGRAMS names; see docs/conformance.md.
const folder = process.env['WASMTIME_PROGRAMS'];
const whereThere = <T>(cases: readonly T[]): readonly T[] => (folder === undefined ? [] : cases);
const component = (name: string): Promise<Buffer> => readFile(join(folder ?? '', `${name}.component.wasm`));
const policy = {
  allowedHosts: ['127.0.0.1', 'localhost', 'some.invalid.dnsname:*'],
  grants: ['127.0.0.0/8'],
};

const clients = [
  'content_length',
  'get',
  'invalid_dnsname',
  'invalid_port',
  'large_post',
  'missing_path_and_query',
  'post',
  'put',
  'response_build',
  'unknown_method',
  'unsupported_scheme',
].map((name) => `p2_http_outbound_request_${name}`);

/** Programs that end otherwise here, by their own assertion. */
const differing = [
  { name: 'p2_http_outbound_request_invalid_header', why: 'forbids a header that its own host has made up' },
  { name: 'p2_http_outbound_request_invalid_version', why: 'sends CONNECT, which is refused as a method' },
  {
    name: 'p2_http_outbound_request_timeout',
    why: 'sends to a reserved address, which is denied whatever the policy says',
  },
];

let echo: Server;
beforeAll(async () => {
  echo = createServer((incoming, response) => {
    const length = incoming.headers['content-length'];
    response.setHeader('x-wasmtime-test-method', incoming.method ?? '');
    response.setHeader('x-wasmtime-test-uri', incoming.url ?? '');
    if (length !== undefined) response.setHeader('content-length', length);
    incoming.pipe(response);
  }).listen(0, '127.0.0.1');
  await once(echo, 'listening');
});
afterAll(() => echo[Symbol.asyncDispose]());
const portOf = (server: Server): number => (server.address() as AddressInfo).port;

test('the programs run where WASMTIME_PROGRAMS names their folder', () => {
  expect(whereThere(clients)).toHaveLength(folder === undefined ? 0 : 11);
});

const runtime = createRuntime({ hostModules: [outgoingHttpUrl] });
afterAll(() => runtime[Symbol.asyncDispose]());

const run = async (name: string) => {
  const guest = await runtime.start({
    name,
    module: await component(name),
    args: [name],
    env: [['HTTP_SERVER', `127.0.0.1:${portOf(echo)}`]],
    mounts: [],
    output: { kind: 'stream' },
    limits: { timeoutMs: 30_000 },
    hostModules: [outgoingHttp(policy)],
  });
  const [exit, , stderr] = await Promise.all([
    guest.exited,
    text(guest.stdout as Readable),
    text(guest.stderr as Readable),
  ]);
  return { exit, stderr };
};

test.each(whereThere(clients))('%s', async (name) => {
  expect(await run(name)).toMatchObject({ exit: { kind: 'exited', code: 0 } });
});

test.each(whereThere(differing))('$name $why', async ({ name }) => {
  expect(await run(name)).toMatchObject({ exit: { kind: 'trapped' } });
});

const bodies: Readonly<Record<string, string>> = { '/a': 'Twas brillig', '/b': 'and the slithy toves' };

test.each(whereThere(['p2_cli_serve_hello_world']))('%s', async (name) => {
  expect(await answers(name)).toMatchObject({ status: 200, body: 'Hello, WASI!' });
});

test.each(whereThere(['p2_cli_serve_echo_env']))('%s', async (name) => {
  expect(await answers(name, { headers: { env: 'FOO' } })).toMatchObject({
    status: 200,
    headers: { env: 'bar' },
  });
  expect((await answers(name, { headers: { env: 'BAR' } })).headers['env']).toBeUndefined();
});

test.each(whereThere(['p2_cli_serve_authority_and_scheme']))('%s', async (name) => {
  expect(await answers(name, { headers: { host: 'localhost' } })).toMatchObject({ status: 200 });
});

test.each(whereThere(['p2_cli_serve_with_print']))('%s', async (name) => {
  expect(await answers(name)).toMatchObject({ status: 200, body: '' });
});

test.each(whereThere(['p2_cli_serve_trap_before_set']))('%s', async (name) => {
  expect(await answers(name)).toMatchObject({ status: 500 });
});

// wasmtime answers this with 500 as well.
test.each(whereThere(['p2_cli_serve_return_before_set']))('%s differs', async (name) => {
  expect(await answers(name)).toMatchObject({ status: 502 });
});

test.each(whereThere(['p2_api_proxy_streaming']))('%s', async (name) => {
  await using source = createServer((incoming, response) => {
    response.end(bodies[incoming.url ?? '']);
  }).listen(0, '127.0.0.1');
  await once(source, 'listening');
  const urls = Object.keys(bodies).map((path) => `http://127.0.0.1:${portOf(source)}${path}`);
  const { status, body } = await answers(name, { path: '/hash-all', headers: { url: urls } });
  expect(status).toBe(200);
  for (const url of urls) expect(body).toMatch(new RegExp(`^${url}: [\\w+/]{43}$`, 'm'));
});

/** One request to a server of the program. */
async function answers(
  name: string,
  {
    path = '/',
    headers = {},
  }: { readonly path?: string; readonly headers?: Record<string, string | string[]> } = {},
) {
  await using handler = createHandler(await component(name), {
    egress: policy,
    env: [['FOO', 'bar']],
  });
  await using server = createServer(handler.listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sent = request({ port: portOf(server), host: '127.0.0.1', path, headers, agent: false });
  const [response] = (await once(sent.end(), 'response')) as [IncomingMessage];
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}
