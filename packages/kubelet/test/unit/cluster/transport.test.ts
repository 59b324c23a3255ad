import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Access } from '../../../src/cluster/api-server/access.ts';
import { apiPath, createTransport, type Transport } from '../../../src/cluster/api-server/transport.ts';
import { virtualClock } from '../../../src/testing/virtual-clock.ts';
import {
  type Answer,
  hangUp,
  json,
  type ScriptedApi,
  silence,
  startApi,
  status,
  watching,
} from '../../fixtures/api-server.ts';
import { passSleeps } from '../../fixtures/wait-for-sleep.ts';

const get = { method: 'GET', path: '/api/v1/x' } as const;
const operation = 'GET /api/v1/x';

async function setUp(options: { readonly timeoutMs?: number } = {}): Promise<
  AsyncDisposable & {
    readonly api: ScriptedApi;
    readonly transport: Transport;
    readonly time: ReturnType<typeof virtualClock>;
    readonly loads: () => number;
    readonly credentials: { token: string; broken: boolean };
  }
> {
  const api = await startApi();
  const time = virtualClock();
  const credentials = { token: 't0', broken: false };
  let loads = 0;
  const access = {
    async load(): Promise<Access> {
      loads++;
      if (credentials.broken) throw new Error('the file is gone');
      return { ...(await api.access.load()), headers: { authorization: `Bearer ${credentials.token}` } };
    },
  };
  const transport = createTransport({ access, clock: time.clock, userAgent: 'test/1', ...options });
  return {
    api,
    transport,
    time,
    credentials,
    loads: () => loads,
    async [Symbol.asyncDispose]() {
      await transport[Symbol.asyncDispose]();
      await api[Symbol.asyncDispose]();
    },
  };
}

function onlyFor(token: string): Answer {
  return (request, response) => {
    const isKnown = request.headers.authorization === `Bearer ${token}`;
    (isKnown ? json({}) : status(401, 'Unauthorized', 'no'))(request, response);
  };
}

describe('a call', () => {
  test('sends JSON with the credentials and returns the answer untouched', async () => {
    await using setup = await setUp();
    const answer = { kind: 'X', unknownField: { at: '2026-01-01T00:00:00.123456Z' } };
    setup.api.on('PATCH /api/v1/namespaces/a%2Fb/pods', json(answer));
    const path = apiPath('api/v1/namespaces', 'a/b', 'pods');
    const request = {
      method: 'PATCH',
      path,
      body: { a: 1 },
      contentType: 'application/merge-patch+json',
    } as const;
    expect(await setup.transport.call({ ...request, query: { fieldSelector: 'a=b,c!=d' } })).toEqual(answer);
    expect(setup.api.requests[0]).toMatchObject({
      body: { a: 1 },
      query: { fieldSelector: 'a=b,c!=d' },
      headers: {
        authorization: 'Bearer t0',
        'user-agent': 'test/1',
        'content-type': 'application/merge-patch+json',
        accept: 'application/json',
      },
    });
  });

  test('shares its connection with those before and after it', async () => {
    await using setup = await setUp();
    setup.api.on(operation, json({}));
    for (let index = 0; index < 10; index++) await setup.transport.call(get);
    // undici opens a second one when the first has not come to rest yet.
    expect(setup.api.connections).toBeLessThanOrEqual(2);
  });

  test.each([
    [400, 'BadRequest', 'Invalid'],
    [403, 'Forbidden', 'Forbidden'],
    [404, 'NotFound', 'NotFound'],
    [409, 'AlreadyExists', 'AlreadyExists'],
    [409, 'Conflict', 'Conflict'],
    [410, 'Expired', 'Gone'],
    [422, 'Invalid', 'Invalid'],
    [500, 'InternalError', 'Unavailable'],
    [503, 'ServiceUnavailable', 'Unavailable'],
  ] as const)(
    'that is answered %d %s rejects with %s and the server’s words',
    async (code, reason, expected) => {
      await using setup = await setUp();
      setup.api.on(operation, status(code, reason, 'because'));
      await expect(setup.transport.call(get)).rejects.toMatchObject({
        name: 'ClusterError',
        code: expected,
        status: code,
        message: `GET /api/v1/x: ${code} because`,
      });
      expect(setup.api.requests).toHaveLength(1);
    },
  );

  test.each([429, 503])('that is answered %d with Retry-After is repeated after that time', async (code) => {
    await using setup = await setUp();
    setup.api.on(operation, status(code, '', 'busy', { 'retry-after': '7' }), json({ ok: true }));
    const answer = setup.transport.call(get);
    await passSleeps(setup.time, 7_000);
    expect(await answer).toEqual({ ok: true });
  });

  test('is repeated five times at most, and no single wait is longer than 30 s', async () => {
    await using setup = await setUp();
    setup.api.on(operation, status(429, 'TooManyRequests', 'busy', { 'retry-after': '999' }));
    await Promise.all([
      expect(setup.transport.call(get)).rejects.toMatchObject({ code: 'TooManyRequests' }),
      passSleeps(setup.time, 30_000, 30_000, 30_000, 30_000, 30_000),
    ]);
    expect(setup.api.requests).toHaveLength(6);
  });

  test('that is refused for its token reads the credentials again, once for all calls', async () => {
    await using setup = await setUp();
    setup.api.on(operation, onlyFor('t1'));
    setup.credentials.token = 't1';
    await setup.transport.call(get);
    setup.credentials.token = 't2';
    await Promise.all([setup.transport.call(get), setup.transport.call(get)]);
    expect(setup.loads()).toBe(1);

    setup.api.on(operation, onlyFor('t2'));
    await Promise.all([setup.transport.call(get), setup.transport.call(get)]);
    expect(setup.loads()).toBe(2);
  });

  test('is Unauthorized when the new credentials are no better, or cannot be read', async () => {
    await using setup = await setUp();
    setup.api.on(operation, status(401, 'Unauthorized', 'no'));
    await expect(setup.transport.call(get)).rejects.toMatchObject({ code: 'Unauthorized' });
    expect(setup.api.requests).toHaveLength(2);
    setup.credentials.broken = true;
    await expect(setup.transport.call(get)).rejects.toMatchObject({
      code: 'Unauthorized',
      message: expect.stringContaining('reading the credentials again failed') as string,
    });
  });

  test('whose connection breaks is repeated once', async () => {
    await using setup = await setUp();
    setup.api.on(operation, json({}), hangUp, json({ second: true }), hangUp);
    await setup.transport.call(get);
    expect(await setup.transport.call(get)).toEqual({ second: true });
    await expect(setup.transport.call(get)).rejects.toMatchObject({ code: 'Unavailable' });
    expect(setup.api.requests).toHaveLength(5);
  });

  test('finds no server: says where it looked', async () => {
    await using setup = await setUp();
    await setup.api.leave();
    await expect(setup.transport.call(get)).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringMatching(
        /^GET \/api\/v1\/x: API server http:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED/,
      ) as string,
    });
    await setup.api.return();
    setup.api.on(operation, json({ back: true }));
    expect(await setup.transport.call(get)).toEqual({ back: true });
  });

  test('has a deadline', async () => {
    await using setup = await setUp({ timeoutMs: 50 });
    setup.api.on(operation, silence);
    await expect(setup.transport.call(get)).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('no answer within 50 ms') as string,
    });
  });

  test('has its deadline for the whole answer, not only for its beginning', async () => {
    await using setup = await setUp({ timeoutMs: 100 });
    const body = watching();
    setup.api.on(operation, body.answer);
    body.write('{');
    await expect(setup.transport.call(get)).rejects.toThrow('no answer within 100 ms');
  });

  test('ends with its signal', async () => {
    await using setup = await setUp();
    setup.api.on(operation, silence);
    const abort = new AbortController();
    const answer = setup.transport.call(get, { signal: abort.signal });
    await setup.api.request(operation);
    abort.abort(new Error('enough'));
    await expect(answer).rejects.toThrow('enough');
    await expect(setup.transport.call(get, { signal: abort.signal })).rejects.toThrow('enough');
    expect(setup.api.requests).toHaveLength(1);
  });

  test('that a proxy answers with a page says that this is not JSON', async () => {
    await using setup = await setUp();
    setup.api.on(operation, (_request, response) => {
      response.writeHead(200);
      response.end('<html>');
    });
    await expect(setup.transport.call(get)).rejects.toMatchObject({
      code: 'Unavailable',
      message: 'GET /api/v1/x: the answer is not JSON',
    });
  });
});

describe('renewed credentials', () => {
  test('are used from then on, and what is under way ends on the old connection', async () => {
    await using setup = await setUp();
    const slow = Promise.withResolvers<void>();
    setup.api.on(
      operation,
      (request, response) => void slow.promise.then(() => json({ old: true })(request, response)),
      json({}),
    );
    const underWay = setup.transport.call(get);
    await setup.api.request(operation);
    setup.credentials.token = 't1';
    await setup.transport.renew();
    await setup.transport.call(get);
    expect(setup.api.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer t0',
      'Bearer t1',
    ]);
    slow.resolve();
    expect(await underWay).toEqual({ old: true });
    expect(setup.api.connections).toBe(2);
  });

  test('that cannot be read leave the old ones in use', async () => {
    await using setup = await setUp();
    setup.api.on(operation, json({}));
    await setup.transport.call(get);
    setup.credentials.broken = true;
    await expect(setup.transport.renew()).rejects.toThrow('the file is gone');
    await setup.transport.call(get);
    expect(setup.api.received(operation)).toHaveLength(2);
  });
});

test('a stream arrives piece by piece and ends with its signal', async () => {
  await using setup = await setUp({ timeoutMs: 30 });
  const stream = watching();
  setup.api.on(operation, stream.answer);
  const abort = new AbortController();
  const body = await setup.transport.open(get, { signal: abort.signal });
  const pieces = body[Symbol.asyncIterator]();
  stream.write('one');
  expect(Buffer.from((await pieces.next()).value ?? []).toString()).toBe('one');
  // Longer than a call may take.
  await delay(60);
  stream.write('two');
  expect(Buffer.from((await pieces.next()).value ?? []).toString()).toBe('two');
  abort.abort(new Error('enough'));
  await expect(pieces.next()).rejects.toThrow('enough');
});
