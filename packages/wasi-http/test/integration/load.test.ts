import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { createEgressGuard } from '@wasmlet/egress';
import { createHttpClient } from '../../src/client/http-client.ts';
import { load } from '../../src/experimental-http.ts';
import { serve } from '../fixtures/http-server.ts';

const { cache } = createRequire(import.meta.url);
const loadedFiles = () => Object.keys(cache).filter((file) => file.includes('undici'));

test('load() reads all that a request needs: a guest host may not read it later', async () => {
  await load();
  const before = loadedFiles();
  await using server = await serve((_request, response) => response.end('a'));
  const client = createHttpClient({
    guard: createEgressGuard({ allowedHosts: ['127.0.0.1'], grants: ['127.0.0.1'] }),
    timeouts: { connectMs: 10_000, headersMs: 10_000, bodyIdleMs: 10_000 },
  });
  const request = { url: new URL(server.url), method: 'POST', headers: new Map(), body: Buffer.from('b') };
  const { body } = await client.send(request);
  expect(Buffer.from((await body.take(10)) ?? []).toString()).toBe('a');
  await client.destroy();
  expect(before.length).toBeGreaterThan(0);
  expect(loadedFiles()).toEqual(before);
});
