import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Step } from '../fixtures/http-guest.ts';
import { serve, type TestServer } from '../fixtures/http-server.ts';
import { createHttpRuntime, local, runSteps } from '../fixtures/run-guest.ts';

const runtime = createHttpRuntime();
let server: TestServer;
beforeAll(async () => {
  server = await serve((request, response) => response.end(request.url));
});
afterAll(async () => {
  await runtime[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const request = (path = '/'): Step => ({ call: 'req', url: `${server.url}${path}` });
const close = (handle: number): Step => ({ call: 'close', handle });

test('handles begin at 0; one that was just given back is given again, earlier ones are not', async () => {
  const { answers } = await runSteps(runtime, local(server.url), [
    request(),
    close(0),
    request(),
    request(),
    close(0),
    request(),
    close(2),
    request(),
  ]);
  expect(answers.map(({ second }) => second)).toEqual([0, 0xaaaa_aaaa, 0, 1, 0xaaaa_aaaa, 2, 0xaaaa_aaaa, 2]);
});

test('responses are told apart', async () => {
  const { answers } = await runSteps(runtime, local(server.url), [
    request('/a'),
    request('/b'),
    { call: 'body_read', handle: 1 },
    { call: 'body_read', handle: 0 },
  ]);
  expect(answers.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(['', '', '/b', '/a']);
});

test('closing twice, or what was never open, is no error', async () => {
  const { codes } = await runSteps(runtime, local(server.url), [
    request(),
    close(0),
    close(0),
    close(99),
    close(-1),
  ]);
  expect(codes).toEqual([0, 0, 0, 0, 0]);
});

test('13: more open responses than the limit, until one is closed', async () => {
  const policy = { ...local(server.url), maxConcurrentRequests: 2 };
  const { codes } = await runSteps(runtime, policy, [request(), request(), request(), close(0), request()]);
  expect(codes).toEqual([0, 0, 13, 0, 0]);
});

test('13: that before it looks at the URL', async () => {
  const policy = { ...local(server.url), maxConcurrentRequests: 1 };
  const { codes } = await runSteps(runtime, policy, [request(), { call: 'req', url: 'nothing' }]);
  expect(codes).toEqual([0, 13]);
});

test('13: a limit of 0 allows nothing', async () => {
  const before = server.connections();
  const { codes } = await runSteps(runtime, { ...local(server.url), maxConcurrentRequests: 0 }, [request()]);
  expect(codes).toEqual([13]);
  expect(server.connections()).toBe(before);
});

test('13: 256 responses that were not read to their end, whatever the limit', async () => {
  const { codes } = await runSteps(runtime, { ...local(server.url), maxConcurrentRequests: 4_294_967_295 }, [
    ...Array.from({ length: 257 }, () => request()),
    { call: 'body_read', handle: 17 },
    request(),
  ]);
  expect(codes.slice(254)).toEqual([0, 0, 13, 0, 0]);
});
