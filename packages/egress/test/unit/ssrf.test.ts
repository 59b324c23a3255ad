import { expect, test } from 'vitest';
import { createEgressGuard, type Resolve } from '../../src/index.ts';
import {
  publicAddress,
  publicName,
  type SsrfCase,
  ssrfCases,
  ssrfNames,
  ssrfPort,
} from '../fixtures/ssrf-cases.ts';

const resolve: Resolve = (host) =>
  Promise.resolve(
    (ssrfNames[host] ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
  );
const options = { resolve, ownAddresses: () => [] };

const isUrl = ({ reason }: SsrfCase): boolean => reason !== 'invalid-url';

test.each(ssrfCases.filter((each) => !isUrl(each)))('$title is no URL', ({ scheme, host }) => {
  expect(URL.parse(`${scheme}://${host}`)).toBeNull();
});

test.each(ssrfCases.filter(isUrl))('$title is denied: $reason', async (ssrf) => {
  const { scheme, host, port, policy, reason } = ssrf;
  const url = URL.parse(`${scheme}://${host}`);
  const guard = createEgressGuard(policy, options);
  const hostname = url?.hostname ?? '';
  await expect(guard.resolve(hostname, { endpoint: { scheme, port } })).rejects.toMatchObject({
    code: 'DENIED',
    reason,
  });
});

test('the table is large, has each way once, and the allowed host would be found', async () => {
  expect(ssrfCases.length).toBeGreaterThanOrEqual(80);
  expect(new Set(ssrfCases.map(({ title }) => title)).size).toBe(ssrfCases.length);
  const guard = createEgressGuard(
    { allowedHosts: [`http://${publicName}:${ssrfPort}`], grants: [] },
    options,
  );
  const endpoint = { scheme: 'http', port: ssrfPort } as const;
  await expect(guard.resolve(publicName, { endpoint })).resolves.toEqual([
    { address: publicAddress, family: 4 },
  ]);
});
