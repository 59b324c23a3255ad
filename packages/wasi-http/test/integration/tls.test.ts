import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEgressGuard } from '@wasmlet/egress';
import { createHttpClient } from '../../src/client/http-client.ts';
import { createHttpRuntime, local, runSteps } from '../fixtures/run-guest.ts';

const fixture = (name: string) => join(import.meta.dirname, '../fixtures/tls', name);

let port: number;
const runtime = createHttpRuntime();
const key = await readFile(fixture('key.pem'));
const cert = await readFile(fixture('certificate.pem'));
const server = createServer({ key, cert, ALPNProtocols: ['h2', 'http/1.1'] }, (request, response) =>
  response.end(`HTTP/${request.httpVersion}`),
);
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});
afterAll(async () => {
  await runtime[Symbol.asyncDispose]();
  server.closeAllConnections();
  server.close();
});

test('a certificate that nobody trusts is an error for the guest', async () => {
  const url = `https://127.0.0.1:${port}/`;
  const { codes } = await runSteps(runtime, local(url), [{ call: 'req', url }]);
  expect(codes).toEqual([11]);
});

test("the machine's own roots are trusted, and HTTP/1.1 is spoken", async () => {
  // The system's store is read once in a process; guests' processes have an empty environment.
  process.env['SSL_CERT_FILE'] = fixture('certificate.pem');
  const url = new URL(`https://localhost:${port}/`);
  const client = createHttpClient({
    guard: createEgressGuard(
      { allowedHosts: ['localhost'], grants: ['127.0.0.0/8'] },
      {
        resolve: async () => [{ address: '127.0.0.1', family: 4 }],
      },
    ),
    timeouts: { connectMs: 10_000, headersMs: 10_000, bodyIdleMs: 10_000 },
  });
  try {
    const request = { url, method: 'GET', headers: new Map(), body: new Uint8Array(0) };
    const { status, body } = await client.send(request);
    expect(status).toBe(200);
    expect(Buffer.from((await body.take(100)) ?? []).toString()).toBe('HTTP/1.1');
  } finally {
    await client.destroy();
  }
});
