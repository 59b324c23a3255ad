import { expect, test } from 'vitest';
import { outgoingHttp, outgoingHttpUrl } from '../../src/index.ts';
import { readConfig } from '../../src/policy/config.ts';

const policy = { allowedHosts: ['https://*.example.com'], grants: ['10.0.0.0/8'] };

test('what it makes is read in the guest’s process, after its way as JSON', () => {
  const limits = { maxConcurrentRequests: 3, maxBodyBytes: 1_000, timeouts: { connectMs: 5 } };
  const use = outgoingHttp({ ...policy, ceiling: ['*.com'], guarded: ['10.96.0.0/12'], ...limits });
  expect(use).toMatchObject({ url: outgoingHttpUrl, contract: 1 });
  expect(readConfig(JSON.parse(JSON.stringify(use.config)))).toEqual({
    ...policy,
    ceiling: ['*.com'],
    guarded: ['10.96.0.0/12'],
    maxConcurrentRequests: 3,
    maxBodyBytes: 1_000,
    timeouts: { connectMs: 5, headersMs: 300_000, bodyIdleMs: 300_000 },
  });
});

test.each([
  [{ allowedHosts: ['*'] }, 'INVALID_HOST'],
  [{ grants: ['10.0.0.5/8'] }, 'INVALID_GRANT'],
  [{ ceiling: ['https://a/b'] }, 'INVALID_HOST'],
  [{ guarded: ['*.example'] }, 'INVALID_GRANT'],
  [{ maxConcurrentRequests: -1 }, 'INVALID_LIMIT'],
  [{ maxBodyBytes: 0.5 }, 'INVALID_LIMIT'],
  [{ timeouts: { headersMs: 0 } }, 'INVALID_TIMEOUT'],
])('%j is refused: %s', (wrong, code) => {
  expect(() => outgoingHttp({ ...policy, ...wrong })).toThrow(expect.objectContaining({ code }));
});

test.each([
  null,
  {},
  { ...policy, timeouts: {} },
  { ...(outgoingHttp(policy).config as object), ceiling: 'all' },
  { ...(outgoingHttp(policy).config as object), maxBodyBytes: '9' },
])('a configuration that nobody has made is refused: %j', (config) => {
  expect(() => readConfig(config)).toThrow(TypeError);
});
