import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Step } from '../fixtures/http-guest.ts';
import { echo, serve, type TestServer } from '../fixtures/http-server.ts';
import { createHttpRuntime, local, runSteps } from '../fixtures/run-guest.ts';

const runtime = createHttpRuntime();
let echoing: TestServer;
beforeAll(async () => {
  echoing = await serve(echo);
});
afterAll(async () => {
  await runtime[Symbol.asyncDispose]();
  await echoing[Symbol.asyncDispose]();
});

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a server sees of a request. */
async function seen(request: {
  url?: string;
  method?: string;
  headers?: string;
  body?: string | Uint8Array;
}): Promise<Seen> {
  const { answers, codes } = await runSteps(runtime, local(echoing.url), [
    { call: 'req', url: `${echoing.url}/`, ...request },
    { call: 'body_read', handle: 0 },
  ]);
  expect(codes).toEqual([0, 0]);
  return JSON.parse(Buffer.from(answers[1]?.bytes ?? []).toString()) as Seen;
}

const get = (name: string, cap = 4096) => ({ call: 'header_get', handle: 0, name, cap }) as const;

describe('a request', () => {
  test('reaches the server with path and query', async () => {
    const url = `${echoing.url}/a%20b/c?d=e&f#fragment`;
    await expect(seen({ url })).resolves.toMatchObject({ method: 'GET', url: '/a%20b/c?d=e&f', body: '' });
  });

  test('of any method may have a body', async () => {
    const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY', 'DELET'];
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const { answers } = await runSteps(
      runtime,
      local(echoing.url),
      methods.flatMap((method): Step[] => [
        { call: 'req', url: echoing.url, method, body: bytes },
        { call: 'body_read', handle: 0 },
        { call: 'close', handle: 0 },
      ]),
    );
    const requests = methods.map(
      (_, index) => JSON.parse(Buffer.from(answers[3 * index + 1]?.bytes ?? []).toString()) as Seen,
    );
    // AssemblyScript guests spell it so.
    expect(requests.map(({ method }) => method)).toEqual([...methods.slice(0, -1), 'DELETE']);
    for (const request of requests) {
      expect(Buffer.from(request.body, 'latin1')).toEqual(Buffer.from(bytes));
      expect(request.headers['content-length']).toBe('256');
    }
  });

  test('has the headers that the guest gives, the last of equal ones, and what reqwest adds', async () => {
    const { headers } = await seen({ headers: 'X-One:1\r\nx-colon:a: b:c\nX-ONE: 2\nx-empty:' });
    expect(headers).toEqual({
      host: `127.0.0.1:${echoing.port}`,
      connection: 'keep-alive',
      accept: '*/*',
      'x-one': '2',
      'x-colon': 'a: b:c',
      'x-empty': '',
    });
  });

  test('does not let the guest choose what belongs to the connection', async () => {
    const { headers, body } = await seen({
      method: 'POST',
      body: 'abc',
      headers:
        'host:other.example\ncontent-length:1\ntransfer-encoding:chunked\nconnection:close\nexpect:100-continue\nupgrade:x\naccept:text/plain\n',
    });
    expect(body).toBe('abc');
    expect(headers).toEqual({
      host: `127.0.0.1:${echoing.port}`,
      connection: 'keep-alive',
      accept: 'text/plain',
      'content-length': '3',
    });
  });

  test('sends user and password of the URL as basic authentication', async () => {
    const url = `http://us%C3%A9r:p%40ss@127.0.0.1:${echoing.port}/`;
    const { headers } = await seen({ url });
    expect(headers['authorization']).toBe(`Basic ${Buffer.from('usér:p@ss').toString('base64')}`);
  });

  test('of HEAD has a response without a body', async () => {
    const { answers } = await runSteps(runtime, local(echoing.url), [
      { call: 'req', url: echoing.url, method: 'HEAD' },
      { call: 'body_read', handle: 0 },
    ]);
    expect(answers).toMatchObject([
      { code: 0, second: 0 },
      { code: 0, second: 0 },
    ]);
  });

  test('may go to the next port or scheme of an allowed host', async () => {
    const policy = { allowedDomains: ['https://127.0.0.1:1/path'], grants: ['127.0.0.1'] };
    const { codes } = await runSteps(runtime, policy, [{ call: 'req', url: echoing.url }]);
    expect(codes).toEqual([0]);
  });
});

describe('a response', () => {
  test('has its status written as two bytes', async () => {
    const statuses = [200, 204, 304, 404, 500, 599];
    await using server = await serve((request, response) =>
      response.writeHead(Number(request.url?.slice(1))).end(),
    );
    const { answers } = await runSteps(
      runtime,
      local(server.url),
      statuses.map((status) => ({ call: 'req', url: `${server.url}/${status}` })),
    );
    expect(answers.map(({ first, second }) => [first, second])).toEqual(
      statuses.map((status, index) => [(0xaaaa_0000 | status) >>> 0, index]),
    );
  });

  test('is not decompressed', async () => {
    await using server = await serve((request, response) => {
      response.writeHead(200, {
        'content-encoding': 'gzip',
        'x-seen': String(request.headers['accept-encoding']),
      });
      response.end('no gzip at all');
    });
    const { answers } = await runSteps(runtime, local(server.url), [
      { call: 'req', url: server.url },
      { call: 'body_read', handle: 0 },
      { call: 'header_get', handle: 0, name: 'x-seen' },
    ]);
    expect(answers.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual([
      '',
      'no gzip at all',
      'undefined',
    ]);
  });

  test('gives a header by its name in any case, the first of equal ones', async () => {
    await using server = await serve((_request, response) => {
      response
        .writeHead(200, [
          'X-Some',
          'one: 1',
          'x-SOME',
          'two',
          'x-empty',
          '',
          'k',
          'v',
          'x-latin',
          'caf\u00e9',
        ])
        .end();
    });
    const { answers } = await runSteps(runtime, local(server.url), [
      { call: 'req', url: server.url },
      get('x-some'),
      get('X-SOME', 6),
      get('x-some', 5),
      get('x-empty', 0),
      get('x-absent'),
      get('\u212a'),
      get(''),
      get('x-latin'),
    ]);
    const text = answers.map(({ code, bytes }) => [code, Buffer.from(bytes).toString('latin1')]);
    expect(text.slice(1)).toEqual([
      [0, 'one: 1'],
      [0, 'one: 1'],
      [4, ''],
      [0, ''],
      [5, ''],
      [5, ''],
      [5, ''],
      [0, 'caf\u00e9'],
    ]);
    // Nothing is written with an error.
    expect(answers[3]?.second).toBe(0xaaaa_aaaa);
  });

  test('gives all headers as lines, repeated ones as often as they came', async () => {
    await using server = await serve((_request, response) => {
      response.sendDate = false;
      response.shouldKeepAlive = false;
      response
        .writeHead(200, ['X-Some', 'one: 1', 'Set-Cookie', 'a=b', 'set-cookie', 'c=d', 'content-length', '0'])
        .end();
    });
    const text = 'x-some:one: 1\nset-cookie:a=b\nset-cookie:c=d\ncontent-length:0\nconnection:close\n';
    const { answers } = await runSteps(runtime, local(server.url), [
      { call: 'req', url: server.url },
      { call: 'headers_get_all', handle: 0 },
      { call: 'headers_get_all', handle: 0, cap: text.length },
      { call: 'headers_get_all', handle: 0, cap: text.length - 1 },
    ]);
    expect(Buffer.from(answers[1]?.bytes ?? []).toString()).toBe(text);
    expect(answers.map(({ code }) => code)).toEqual([0, 0, 0, 4]);
  });

  test('with a tab, a control character or no UTF-8 in a header does not give all of them', async () => {
    const values = ['a\tb', '\u00c2\u0085', 'caf\u00e9', 'caf\u00c3\u00a9'];
    await using server = await serve((request, response) =>
      response.writeHead(200, { 'x-odd': values[Number(request.url?.slice(1))] }).end(),
    );
    const { codes } = await runSteps(
      runtime,
      local(server.url),
      values.flatMap((_, handle): Step[] => [
        { call: 'req', url: `${server.url}/${handle}` },
        { call: 'headers_get_all', handle },
      ]),
    );
    expect(codes).toEqual([0, 12, 0, 12, 0, 12, 0, 0]);
  });
});
