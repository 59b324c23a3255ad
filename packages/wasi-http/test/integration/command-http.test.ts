import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRuntime, type Isolation } from '@wasmlet/wasm-runtime';
import {
  experimentalHttpUrl,
  outgoingHttp,
  type OutgoingHttpOptions,
  outgoingHttpUrl,
} from '../../src/index.ts';
import { fetchGuest } from '../fixtures/fetch-guest.ts';
import { echo, serve, serveTcp, type TestServer } from '../fixtures/http-server.ts';

const local = { allowedHosts: ['127.0.0.1'], grants: ['127.0.0.0/8'] };
const numbers = { prohibited: 4, refused: 6, limitReached: 11, denied: 15, requestSize: 17, readTimeout: 9 };

let component: Uint8Array;
let server: TestServer;
beforeAll(async () => {
  component = await fetchGuest();
  server = await serve(echo);
});
afterAll(() => server[Symbol.asyncDispose]());

describe.each(['process', 'thread', 'in-process'] satisfies Isolation[])(
  'a command in isolation %s',
  (isolation) => {
    const runtime = createRuntime({
      hostModules: [experimentalHttpUrl, outgoingHttpUrl],
      allowedIsolation: [isolation],
    });
    afterAll(() => runtime[Symbol.asyncDispose]());

    async function fetch(options: OutgoingHttpOptions, ...args: readonly string[]) {
      const guest = await runtime.start({
        name: 'fetch',
        module: component,
        args: ['fetch', ...args],
        env: [],
        mounts: [],
        output: { kind: 'stream' },
        isolation,
        hostModules: [outgoingHttp(options)],
      });
      const reports: unknown[] = [];
      guest.onReport(({ report }) => reports.push(report));
      const [exit, stdout] = await Promise.all([guest.exited, text(guest.stdout as Readable)]);
      return { code: exit.kind === 'exited' ? exit.code : exit, stdout, reports };
    }

    test('sends a request, and reads the response', async () => {
      const { code, stdout, reports } = await fetch(local, `127.0.0.1:${server.port}`, '/a?b=c');
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ method: 'GET', url: '/a?b=c' });
      expect(reports).toEqual([]);
    });

    test('sends a body', async () => {
      const { stdout } = await fetch(local, `127.0.0.1:${server.port}`, '/', 'the body');
      expect(JSON.parse(stdout)).toMatchObject({ method: 'POST', body: 'the body' });
    });

    test.each([
      ['nothing is allowed', { allowedHosts: [], grants: [] }, numbers.denied, 'host-not-allowed'],
      [
        'another port is',
        { ...local, allowedHosts: ['http://127.0.0.1'] },
        numbers.denied,
        'port-not-allowed',
      ],
      [
        'another scheme is',
        { ...local, allowedHosts: ['https://127.0.0.1:*'] },
        numbers.denied,
        'port-not-allowed',
      ],
      ['the operator lets nobody', { ...local, ceiling: ['*.example'] }, numbers.denied, 'above-ceiling'],
      ['its address is not granted', { ...local, grants: [] }, numbers.prohibited, 'address-not-allowed'],
      [
        'a wider range than the guarded is',
        { ...local, guarded: ['127.0.0.1'] },
        numbers.prohibited,
        'address-not-allowed',
      ],
    ])(
      'connects to nothing, and the application is told, where %s',
      async (_what, policy, number, reason) => {
        const before = server.connections();
        const { code, reports } = await fetch(policy, `127.0.0.1:${server.port}`, '/');
        expect(code).toBe(number);
        expect(server.connections()).toBe(before);
        expect(reports).toMatchObject([{ kind: 'egress-denied', host: '127.0.0.1', reason }]);
      },
    );

    test('is held to its limits', async () => {
      const address = `127.0.0.1:${server.port}`;
      await expect(fetch({ ...local, maxConcurrentRequests: 0 }, address, '/')).resolves.toMatchObject({
        code: numbers.limitReached,
      });
      await expect(fetch({ ...local, maxBodyBytes: 4 }, address, '/', 'the body')).resolves.toMatchObject({
        code: numbers.requestSize,
      });
      // The response is longer than that: its stream fails, and so does the command.
      await expect(fetch({ ...local, maxBodyBytes: 20 }, address, '/')).resolves.toMatchObject({ code: 1 });
      await using silent = await serveTcp(() => {});
      const soon = { ...local, timeouts: { headersMs: 50 } };
      await expect(fetch(soon, `127.0.0.1:${silent.port}`, '/')).resolves.toMatchObject({
        code: numbers.readTimeout,
      });
    });
  },
);

test('without the host module a component that wants HTTP is refused', async () => {
  await using runtime = createRuntime({ allowedIsolation: ['in-process'] });
  const starting = runtime.start({
    name: 'fetch',
    module: component,
    args: [],
    env: [],
    mounts: [],
    output: { kind: 'stream' },
    isolation: 'in-process',
  });
  await expect(starting).rejects.toMatchObject({
    code: 'UNKNOWN_IMPORT',
    message: expect.stringContaining('wasi:http/outgoing-handler') as unknown,
  });
});
