import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { experimentalHttp, experimentalHttpUrl } from '../../src/index.ts';
import { readConfig } from '../../src/policy/config.ts';

const hostsOf = (...allowedDomains: readonly string[]) =>
  readConfig(experimentalHttp({ allowedDomains, grants: [] }).config).allowedHosts;

describe('a policy', () => {
  test('takes the host of each URL, once', () => {
    expect(
      hostsOf(
        'https://Example.com/fact?a#b',
        'http://user@example.com:8080',
        'ftp://b.example.',
        'http://bücher.example',
      ),
    ).toEqual(['example.com', 'b.example', 'xn--bcher-kva.example']);
    expect(hostsOf('http://[::1]:80', 'http://0x7f.1')).toEqual(['::1', '127.0.0.1']);
    expect(hostsOf()).toEqual([]);
  });

  test('is JSON that the host module reads', () => {
    const use = experimentalHttp({
      allowedDomains: ['https://a.example'],
      grants: ['10.0.0.0/8'],
      maxConcurrentRequests: 42,
      timeouts: { headersMs: 1 },
    });
    const config: unknown = JSON.parse(JSON.stringify(use.config));
    expect(readConfig(config)).toEqual({
      allowedHosts: ['a.example'],
      grants: ['10.0.0.0/8'],
      maxConcurrentRequests: 42,
      timeouts: { connectMs: 10_000, headersMs: 1, bodyIdleMs: 300_000 },
    });
    expect(use).toMatchObject({ contract: 1, url: experimentalHttpUrl });
  });

  test.each([
    ['insecure:allow-all', 'ALLOW_ALL', 'allow-all is refused; list the URL'],
    ['example.com', 'INVALID_DOMAIN', '"example.com" is no URL; write "https://example.com"'],
    ['localhost:8080', 'INVALID_DOMAIN', '"localhost:8080" has no host; write "https://localhost:8080"'],
    ['//example.com', 'INVALID_DOMAIN', 'write "https://example.com"'],
    ['', 'INVALID_DOMAIN', 'write "https://example.com"'],
    ['mailto:a@b.example', 'INVALID_DOMAIN', 'has no host'],
    ['https://*.example.com', 'INVALID_DOMAIN', '*.example.com'],
  ])('refuses %j', (entry, code, message) => {
    const make = () => experimentalHttp({ allowedDomains: ['https://a.example', entry], grants: [] });
    expect(make).toThrow(expect.objectContaining({ name: 'HttpPolicyError', code }));
    expect(make).toThrow(message);
  });

  test.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'refuses a limit of %d',
    (maxConcurrentRequests) => {
      const make = () => experimentalHttp({ allowedDomains: [], grants: [], maxConcurrentRequests });
      expect(make).toThrow(expect.objectContaining({ code: 'INVALID_LIMIT' }));
    },
  );

  test.each([0, -1, 2 ** 31, Number.NaN])('refuses a timeout of %d', (connectMs) => {
    const make = () => experimentalHttp({ allowedDomains: [], grants: [], timeouts: { connectMs } });
    expect(make).toThrow(expect.objectContaining({ code: 'INVALID_TIMEOUT' }));
  });
});

test('the URL of the host module is a file of this package', async () => {
  const source = await readFile(fileURLToPath(experimentalHttpUrl), 'utf8');
  expect(source).toContain('wasi_experimental_http');
});

test.each([
  undefined,
  {},
  { allowedHosts: 'a', grants: [], timeouts: {} },
  { allowedHosts: [], grants: [1] },
])('the host module does not take %j for a configuration', (config) => {
  expect(() => readConfig(config)).toThrow('not what experimentalHttp() and outgoingHttp() make');
});
