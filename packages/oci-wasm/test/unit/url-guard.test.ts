import { describe, expect, test } from 'vitest';
import { isLoopbackName } from '../../src/registry/http/loopback-name.ts';
import { createServerAddresses } from '../../src/registry/http/server-addresses.ts';
import { createUrlGuard } from '../../src/registry/http/url-guard.ts';

const guard = createUrlGuard({
  insecureRegistries: ['10.0.0.5:9000', 'Plain.example:443'],
  addresses: createServerAddresses({ grants: ['10.0.7.0/24', 'fd00::7'] }),
});
const registry = new URL('https://registry.example');
const local = new URL('http://localhost:5000');

const allowed: readonly (readonly [URL, string])[] = [
  [registry, 'https://tokens.example/token'],
  [registry, '/v2/a/blobs/uploads/1?state=x'],
  [registry, 'https://registry.example:8443/x'],
  [registry, 'https://93.184.216.34/blob'],
  [registry, 'https://10.0.0.5:9000/minio'],
  [registry, 'https://10.0.7.1/granted'],
  [registry, 'https://[fd00::7]/granted'],
  [registry, 'http://10.0.0.5:9000/minio'],
  [registry, 'http://plain.example/x'],
  [local, 'http://localhost:5001/token'],
  [local, 'http://127.0.0.1:5001/token'],
  [local, 'https://tokens.example/token'],
];
const refused: readonly (readonly [URL, string, string])[] = [
  [registry, 'http://registry.example/x', 'plain http'],
  [registry, 'http://tokens.example/x', 'plain http'],
  [registry, 'https://localhost/x', 'this machine'],
  [registry, 'https://127.0.0.1/x', 'this machine'],
  [registry, 'https://[::1]/x', 'this machine'],
  [registry, 'https://10.0.0.6/x', '10.0.0.6'],
  [registry, 'https://[fd00::1]/x', 'fd00::1'],
  [registry, 'https://169.254.169.254/x', '169.254.169.254'],
  [registry, 'https://0x7f000001/x', 'this machine'],
  [registry, 'https://2130706433/x', 'this machine'],
  [registry, 'https://[::ffff:127.0.0.1]/x', 'loopback'],
  [registry, 'https://[64:ff9b::10.0.0.6]/x', 'private'],
  [registry, 'https://[2002:a9fe:a9fe::]/x', 'metadata'],
  [registry, 'https://100.64.0.1/x', 'private'],
  [registry, 'https://0.0.0.0/x', 'unspecified'],
  [registry, 'https://168.63.129.16/x', 'metadata'],
  [registry, 'ftp://tokens.example/x', 'neither https nor http'],
  [registry, 'https://a:b@tokens.example/x', 'credentials'],
  [local, 'http://tokens.example/x', 'plain http'],
  [local, 'https://169.254.169.254/x', '169.254.169.254'],
];

describe('where a registry may send its clients', () => {
  test.each(allowed)('%s may name %s', (from, text) => {
    expect(guard.target(text, { from, purpose: 'redirect' }).href).toBe(new URL(text, from).href);
  });

  test.each(refused)('%s may not name %s', (from, text, reason) => {
    const target = () => guard.target(text, { from, purpose: 'redirect' });
    expect(target).toThrow(expect.objectContaining({ code: 'UNSAFE_URL' }));
    expect(target).toThrow(reason);
  });

  test('queries and passwords stay out of messages', () => {
    const text = 'http://me:secret@tokens.example/x?signature=abc';
    const target = () => guard.target(text, { from: registry, purpose: 'redirect' });
    expect(target).toThrow(/tokens\.example/);
    expect(target).not.toThrow(/secret|abc/);
  });
});

test.each([
  ['https://169.254.169.254', true],
  ['https://[fe80::1]', true],
  ['https://[fd00:ec2::254]', true],
  ['https://[::ffff:169.254.169.254]', true],
  ['https://0.0.0.0', true],
  ['https://224.0.0.1', true],
  ['https://10.0.0.1', false],
  ['https://192.0.2.1', false],
  ['https://127.0.0.1', false],
  ['https://registry.example', false],
])('a registry at %s is refused: %s', (origin, isRefused) => {
  let threw = false;
  try {
    guard.checkRegistry({ registry: new URL(origin).host, origin });
  } catch {
    threw = true;
  }
  expect(threw).toBe(isRefused);
});

test.each([
  ['localhost', true],
  ['LOCALHOST', true],
  ['registry.localhost', true],
  ['127.0.0.1', true],
  ['127.1.2.3', true],
  ['::1', true],
  ['[::1]', true],
  ['localhost.example', false],
  ['127.example', false],
  ['10.0.0.1', false],
])('%s is a loopback name: %s', (name, expected) => {
  expect(isLoopbackName(name)).toBe(expected);
});
