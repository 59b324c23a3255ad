import { describe, expect, test } from 'vitest';
import { createProxyChoice } from '../../src/hosts/proxy.ts';
import { failureOf } from '../fixtures/failure-of.ts';

const httpsProxy = 'proxy.example:3128';
const isProxied = (url: string, noProxy: string): boolean =>
  createProxyChoice({ httpsProxy, httpProxy: httpsProxy, noProxy })(new URL(url)) !== undefined;

describe('what is excepted from the proxy', () => {
  test.each([
    ['', 'https://registry.io', true],
    ['*', 'https://registry.io', false],
    ['registry.io', 'https://registry.io', false],
    ['REGISTRY.io', 'https://registry.io:5000', false],
    ['registry.io', 'https://eu.registry.io', false],
    ['registry.io', 'https://myregistry.io', true],
    ['.registry.io', 'https://registry.io', true],
    ['.registry.io', 'https://eu.registry.io', false],
    ['*.registry.io', 'https://eu.registry.io', false],
    ['registry.io:5000', 'https://registry.io:5000', false],
    ['registry.io:5000', 'https://registry.io', true],
    ['registry.io:443', 'https://registry.io', false],
    ['registry.io:80', 'http://registry.io', false],
    ['one.io, registry.io', 'https://registry.io', false],
    ['one.io registry.io', 'https://registry.io', false],
    ['10.0.0.0/8', 'https://10.1.2.3:5000', false],
    ['10.0.0.0/8', 'https://11.1.2.3', true],
    ['10.1.2.3', 'https://10.1.2.3', false],
    ['10.1.2.3', 'https://110.1.2.3', true],
    ['fd00::/8', 'https://[fd00::1]:5000', false],
    ['fd00::1', 'https://[fd00:0::1]', false],
    ['[fd00::1]:5000', 'https://[fd00::1]:5000', false],
    ['[fd00::1]:5000', 'https://[fd00::1]', true],
    ['10.0.0.0/99', 'https://10.1.2.3', true],
    ['', 'https://localhost:5000', false],
    ['', 'https://127.0.0.1', false],
    ['', 'https://[::1]', false],
  ])('with "%s", %s is proxied: %s', (noProxy, url, expected) => {
    expect(isProxied(url, noProxy)).toBe(expected);
  });
});

test('the scheme of what is contacted chooses the proxy', () => {
  const choose = createProxyChoice({ httpProxy: 'http://plain:1', httpsProxy: 'https://secure:2' });
  expect(choose(new URL('http://registry.io'))?.href).toBe('http://plain:1/');
  expect(choose(new URL('https://registry.io'))?.href).toBe('https://secure:2/');
  expect(createProxyChoice({ httpProxy: 'plain:1' })(new URL('https://registry.io'))).toBeUndefined();
  expect(createProxyChoice({ httpsProxy: ' ' })(new URL('https://registry.io'))).toBeUndefined();
});

test.each(['socks5://proxy:1', 'ftp://me:secret@proxy', 'http://', 'http://me:secret@:x'])(
  '%s is no proxy, and is not repeated',
  async (text) => {
    const error = await failureOf((async () => createProxyChoice({ httpsProxy: text }))());
    expect(error).toMatchObject({ code: 'INVALID_CONFIG' });
    expect(error.message).toContain('HTTPS_PROXY');
    expect(error.message).not.toContain('secret');
  },
);
