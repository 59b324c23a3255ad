import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type PrivateRegistry,
  type Registry,
  startAnonymousRegistry,
  startPrivateRegistry,
} from './fixtures/registry.ts';
import { describeWith } from './fixtures/requirements.ts';
import { request } from 'node:https';
import { readFile } from 'node:fs/promises';

await describeWith('registries for tests', ['registry', 'htpasswd'], () => {
  let anonymous: Registry;
  let guarded: PrivateRegistry;

  beforeAll(async () => {
    [anonymous, guarded] = await Promise.all([startAnonymousRegistry(), startPrivateRegistry()]);
  });
  afterAll(async () => {
    await anonymous?.[Symbol.asyncDispose]();
    await guarded?.[Symbol.asyncDispose]();
  });

  test('one answers anybody over http on loopback', async () => {
    const response = await fetch(`http://${anonymous.host}/v2/`);
    expect(response.status).toBe(200);
    await response.body?.cancel();
  });

  test('one answers its user over TLS, and nobody else', async () => {
    expect(await statusOf(guarded, {})).toBe(401);
    const credentials = Buffer.from(`${guarded.user}:${guarded.password}`).toString('base64');
    expect(await statusOf(guarded, { authorization: `Basic ${credentials}` })).toBe(200);
  });
});

async function statusOf(registry: PrivateRegistry, headers: Record<string, string>): Promise<number> {
  const ca = await readFile(registry.caFile);
  return new Promise((resolve, reject) => {
    request(`https://${registry.host}/v2/`, { ca, headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .once('error', reject)
      .end();
  });
}
