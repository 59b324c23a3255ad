import { describe, expect, test } from 'vitest';
import { parseHostsFile } from '../../src/hosts/hosts-file.ts';
import { failureOf } from '../fixtures/failure-of.ts';

const parse = (text: string) => parseHostsFile(text, '/certs.d/registry.io/hosts.toml');

test('hosts come in the order of the file, the server last', async () => {
  const entries = await parse(`
server = "https://registry-1.example"

[host."https://b.example"]
  capabilities = ["pull", "resolve"]
[host."a.example:5000"]
  capabilities = ["Pull"]
  ca = "ca.pem"
  client = [["client.cert", "client.key"], ["/abs/both.pem", ""]]
  skip_verify = true
  dial_timeout = "3s"
  [host."a.example:5000".header]
    x-team = "blue"
    x-many = ["one", "two"]
`);
  expect(entries.map(({ url }) => url?.href)).toEqual([
    'https://b.example/v2',
    'https://a.example:5000/v2',
    'https://registry-1.example/v2',
  ]);
  expect(entries.map(({ capabilities }) => capabilities)).toEqual([
    ['pull', 'resolve'],
    ['pull'],
    ['pull', 'resolve', 'push'],
  ]);
  expect(entries[1]).toMatchObject({
    caFiles: ['/certs.d/registry.io/ca.pem'],
    clientFiles: [
      { cert: '/certs.d/registry.io/client.cert', key: '/certs.d/registry.io/client.key' },
      { cert: '/abs/both.pem', key: undefined },
    ],
    skipVerify: true,
    connectMs: 3000,
    headers: { 'x-team': 'blue', 'x-many': 'one, two' },
  });
});

test('without a server the registry is where it always is, with what stands at the top', async () => {
  const entries = await parse('ca = ["one.pem", "two.pem"]\nclient = "both.pem"');
  expect(entries).toMatchObject([
    {
      url: undefined,
      caFiles: ['/certs.d/registry.io/one.pem', '/certs.d/registry.io/two.pem'],
      clientFiles: [{ cert: '/certs.d/registry.io/both.pem', key: undefined }],
    },
  ]);
});

test.each([
  ['https://m.example', '', 'https://m.example/v2'],
  ['https://m.example/', '', 'https://m.example/v2'],
  ['https://m.example/proxy', '', 'https://m.example/proxy/v2'],
  ['https://m.example/v2', '', 'https://m.example/v2'],
  ['https://m.example/v2/proxy', 'override_path = true', 'https://m.example/v2/proxy'],
  ['http://m.example', '', 'http://m.example/v2'],
])('the API of %s %s is at %s', async (url, option, expected) => {
  const [entry] = await parse(`[host."${url}"]\n${option}`);
  expect(entry?.url?.href).toBe(expected);
});

describe('a file is refused', () => {
  test.each([
    ['that is no TOML', 'server = ', 'is no TOML'],
    ['with an unknown capability', '[host."a"]\ncapabilities = ["fly"]', 'host "a": the capability "fly"'],
    ['with a host that is no table', 'host = 1', 'host must be tables'],
    ['with a URL that has a password', 'server = "https://me:secret@a"', 'without user'],
    ['with a duration that is none', 'dial_timeout = "soon"', 'dial_timeout'],
    ['with three files in a pair', 'client = [["a", "b", "c"]]', 'client must be'],
    ['with a header that breaks the line', '[header]\nx = "a\\r\\nsecret: b"', 'header.x cannot be sent'],
    ['with a number for a file', 'ca = 1', 'ca must be'],
    ['with more nesting than it can have', `x = ${'['.repeat(1000)}${']'.repeat(1000)}`, 'is no TOML'],
    ['that is too large', `# ${'x'.repeat(2 ** 20)}`, 'larger than'],
  ])('%s', async (_title, text, message) => {
    const error = await failureOf(parse(text));
    expect(error).toMatchObject({ code: 'INVALID_CONFIG' });
    expect(error.message).toContain('/certs.d/registry.io/hosts.toml');
    expect(error.message).toContain(message);
    expect(error.message).not.toContain('secret');
  });
});
