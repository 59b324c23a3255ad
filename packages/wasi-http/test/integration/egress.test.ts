import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Step } from '../fixtures/http-guest.ts';
import { echo, serve, type TestServer } from '../fixtures/http-server.ts';
import { createHttpRuntime, local, type Policy, runSteps } from '../fixtures/run-guest.ts';

const runtime = createHttpRuntime();
let server: TestServer;
beforeAll(async () => {
  server = await serve(echo);
});
afterAll(async () => {
  await runtime[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const read: Step = { call: 'body_read', handle: 0 };
const headersOf = (bytes: Uint8Array | undefined) =>
  (JSON.parse(Buffer.from(bytes ?? []).toString()) as { headers: Record<string, string> }).headers;

describe('7, nothing connects, and the application is told:', () => {
  const denied: readonly (readonly [string, Policy, (port: number) => string, string, string])[] = [
    ['without a list', {}, (port) => `http://127.0.0.1:${port}`, '127.0.0.1', 'host-not-allowed'],
    [
      'another host',
      local('http://other.example'),
      (port) => `http://127.0.0.1:${port}`,
      '127.0.0.1',
      'host-not-allowed',
    ],
    [
      'a sub-domain',
      local('http://localhost'),
      (port) => `http://a.localhost:${port}`,
      'a.localhost',
      'host-not-allowed',
    ],
    [
      'another spelling',
      local('http://localhost'),
      (port) => `http://0x7f.1:${port}`,
      '127.0.0.1',
      'host-not-allowed',
    ],
    [
      'an address that was not granted',
      { allowedDomains: ['http://127.0.0.1'] },
      (port) => `http://127.0.0.1:${port}`,
      '127.0.0.1',
      'address-not-allowed',
    ],
    [
      'a name whose address was not granted',
      { allowedDomains: ['http://localhost'] },
      (port) => `http://localhost:${port}`,
      'localhost',
      'address-not-allowed',
    ],
    [
      'a mapped address',
      { allowedDomains: ['http://[::ffff:127.0.0.1]'] },
      (port) => `http://[::ffff:127.0.0.1]:${port}`,
      '::ffff:7f00:1',
      'address-not-allowed',
    ],
    [
      'metadata, granted or not',
      { allowedDomains: ['http://169.254.169.254'], grants: ['169.254.0.0/16', '169.254.169.254'] },
      () => 'http://169.254.169.254/latest/meta-data/',
      '169.254.169.254',
      'address-not-allowed',
    ],
  ];
  test.each(denied)('%s', async (_what, policy, urlOf, host, reason) => {
    const before = server.connections();
    const { codes, reports } = await runSteps(runtime, policy, [{ call: 'req', url: urlOf(server.port) }]);
    expect(codes).toEqual([7]);
    expect(server.connections()).toBe(before);
    expect(reports).toEqual([
      { kind: 'egress-denied', host, reason, message: expect.stringContaining(host) as unknown },
    ]);
  });
});

describe('allowed:', () => {
  test.each([
    ['a granted range', ['http://127.0.0.1'], ['127.0.0.0/8'], '127.0.0.1'],
    ['a granted address', ['http://127.0.0.1'], ['127.0.0.1'], '127.0.0.1'],
    ['a granted name', ['https://localhost/fact'], ['localhost'], 'localhost'],
    ['a name whose addresses are granted', ['http://LOCALHOST'], ['127.0.0.0/8', '::1'], 'localhost'],
    ['another spelling of the same host', ['http://127.0.0.1'], ['127.0.0.1'], '0x7f.1'],
  ])('%s', async (_what, allowedDomains, grants, host) => {
    const { codes, reports } = await runSteps(runtime, { allowedDomains, grants }, [
      { call: 'req', url: `http://${host}:${server.port}/` },
    ]);
    expect(codes).toEqual([0]);
    expect(reports).toEqual([]);
  });
});

const redirecting = (status: number, location: string) =>
  serve((_request, response) => response.writeHead(status, { location }).end('moved'));

describe('a redirect', () => {
  test('to a host that is not allowed is denied, and nothing connects there', async () => {
    const location = `http://localhost:${server.port}/`;
    await using first = await redirecting(302, location);
    const before = server.connections();
    const { codes, reports } = await runSteps(runtime, local(first.url), [{ call: 'req', url: first.url }]);
    expect(codes).toEqual([7]);
    expect(first.connections()).toBe(1);
    expect(server.connections()).toBe(before);
    expect(reports).toMatchObject([{ kind: 'egress-denied', host: 'localhost', reason: 'host-not-allowed' }]);
  });

  test('to the address of an allowed name is denied, though it was granted', async () => {
    await using first = await redirecting(302, `${server.url}/`);
    const policy = { allowedDomains: ['http://localhost'], grants: ['127.0.0.0/8', '::1'] };
    const before = server.connections();
    const { codes, reports } = await runSteps(runtime, policy, [
      { call: 'req', url: `http://localhost:${first.port}` },
    ]);
    expect(codes).toEqual([7]);
    expect(first.connections()).toBe(1);
    expect(server.connections()).toBe(before);
    expect(reports).toMatchObject([{ host: '127.0.0.1', reason: 'host-not-allowed' }]);
  });

  test('to an allowed host at an address that was not granted is denied', async () => {
    await using first = await redirecting(307, `http://localhost:${server.port}/`);
    const policy = { allowedDomains: [first.url, 'http://localhost'], grants: ['127.0.0.2/32'] };
    const before = server.connections();
    const granted = { ...policy, grants: [...policy.grants, '127.0.0.1', '::1'] };
    const request = [{ call: 'req', url: first.url }] as const;
    expect((await runSteps(runtime, granted, request)).codes).toEqual([0]);
    expect(server.connections()).toBe(before + 1);
    // Now the first server's address is open, but by no grant that covers the second's name.
    const { codes, reports } = await runSteps(runtime, policy, request);
    expect(codes).toEqual([7]);
    expect(reports).toMatchObject([{ reason: 'address-not-allowed' }]);
    expect(server.connections()).toBe(before + 1);
  });

  test('is followed with the method and body that reqwest sends', async () => {
    const cases = [
      { status: 301, method: 'POST', followed: 'GET', body: '' },
      { status: 302, method: 'PUT', followed: 'GET', body: '' },
      { status: 303, method: 'DELETE', followed: 'GET', body: '' },
      { status: 303, method: 'GET', followed: 'GET', body: '' },
      { status: 307, method: 'POST', followed: 'POST', body: 'the body' },
      { status: 308, method: 'PATCH', followed: 'PATCH', body: 'the body' },
    ];
    await using first = await serve((request, response) =>
      response.writeHead(Number(request.url?.slice(1)), { location: `${server.url}/next?a=b` }).end('moved'),
    );
    const headers = 'content-type:text/plain\nx-kept:yes\n';
    const { answers } = await runSteps(
      runtime,
      local(first.url),
      cases.flatMap(({ status, method }, handle): Step[] => [
        { call: 'req', url: `${first.url}/${status}`, method, body: 'the body', headers },
        { call: 'body_read', handle },
      ]),
    );
    for (const [index, { followed, body }] of cases.entries()) {
      const { bytes = new Uint8Array(0) } = answers[2 * index + 1] ?? {};
      expect(JSON.parse(Buffer.from(bytes).toString())).toMatchObject({
        method: followed,
        url: '/next?a=b',
        body,
      });
      expect(headersOf(bytes)['x-kept']).toBe('yes');
      expect(headersOf(bytes)['content-type']).toBe(body === '' ? undefined : 'text/plain');
    }
  });

  const credentials = 'authorization:secret\ncookie:a=b\nproxy-authorization:c\nx-other:d\n';

  test('to another origin takes no credentials along', async () => {
    await using first = await redirecting(302, `${server.url}/`);
    const { answers } = await runSteps(runtime, local(first.url), [
      { call: 'req', url: first.url.replace('//', '//user:password@'), headers: credentials },
      read,
    ]);
    const headers = headersOf(answers[1]?.bytes);
    expect(Object.keys(headers).toSorted()).toEqual(['accept', 'connection', 'host', 'x-other']);
  });

  test('within an origin takes credentials along', async () => {
    await using first = await serve((request, response) => {
      if (request.url === '/') response.writeHead(302, { location: 'next' }).end();
      else echo(request, response);
    });
    const { answers } = await runSteps(runtime, local(first.url), [
      { call: 'req', url: first.url, headers: credentials },
      read,
    ]);
    expect(headersOf(answers[1]?.bytes)).toMatchObject({ authorization: 'secret', cookie: 'a=b' });
  });

  test('is followed up to ten times', async () => {
    await using loop = await serve((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) response.end();
      else response.writeHead(302, { location: `/${left - 1}` }).end();
    });
    const { codes } = await runSteps(runtime, local(loop.url), [
      { call: 'req', url: `${loop.url}/10` },
      { call: 'req', url: `${loop.url}/11` },
    ]);
    expect(codes).toEqual([0, 11]);
  });

  test('without a usable location, or with another status, is a response like others', async () => {
    const responses: readonly (readonly [number, Record<string, string>])[] = [
      [302, {}],
      [304, { location: '/elsewhere' }],
      [300, { location: '/elsewhere' }],
      [302, { location: 'http://[' }],
    ];
    await using odd = await serve((request, response) => {
      const [status, headers] = responses[Number(request.url?.slice(1))] ?? [500, {}];
      response.writeHead(status, headers).end();
    });
    const { answers } = await runSteps(
      runtime,
      local(odd.url),
      responses.map((_, index) => ({ call: 'req', url: `${odd.url}/${index}` })),
    );
    expect(answers.map(({ code, first }) => [code, first & 0xffff])).toEqual(
      responses.map(([status]) => [0, status]),
    );
  });

  test('to what is no HTTP fails', async () => {
    await using first = await redirecting(302, 'ftp://127.0.0.1/');
    const { codes } = await runSteps(runtime, local(first.url), [{ call: 'req', url: first.url }]);
    expect(codes).toEqual([11]);
  });
});
