import type { LookupFunction } from 'node:net';
import { describe, expect, test } from 'vitest';
import { createServerAddresses, type Depth } from '../../src/registry/http/server-addresses.ts';

function addressesOf(names: Readonly<Record<string, readonly string[]>>, grants: readonly string[] = []) {
  const lookup: LookupFunction = (host, _options, callback) => {
    const found = names[host] ?? [];
    callback(
      null,
      found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return createServerAddresses({ grants, lookup });
}

/** The addresses that are shown, or the error's code. */
function seen(
  addresses: ReturnType<typeof addressesOf>,
  reach: Depth,
  host = 'host.example',
): Promise<readonly string[] | string> {
  return new Promise((resolve) => {
    addresses.lookup(reach)(host, { all: true }, (error, found) => {
      if (error) resolve(error.code ?? '');
      else resolve(Array.isArray(found) ? found.map(({ address }) => address) : [found]);
    });
  });
}

const all = [
  '8.8.8.8',
  '2606:4700::1',
  '10.0.0.1',
  'fd12::1',
  '198.18.0.1',
  '127.0.0.1',
  '::1',
  '169.254.169.254',
  'fe80::1',
  '0.0.0.0',
  'ff02::1',
];

describe('name resolution', () => {
  test.each([
    ['public', all.slice(0, 2)],
    ['private', all.slice(0, 5)],
    ['loopback', all.slice(0, 7)],
  ] as const)('within reach %s shows %j', async (reach, expected) => {
    expect(await seen(addressesOf({ 'host.example': all }), reach)).toEqual(expected);
  });

  test('shows what has been granted, and never metadata', async () => {
    const names = { 'host.example': ['10.0.0.1', '10.1.0.1', '169.254.169.254'] };
    expect(await seen(addressesOf(names, ['10.0.0.0/16']), 'public')).toEqual(['10.0.0.1']);
    expect(await seen(addressesOf(names, ['host.example']), 'public')).toEqual(['10.0.0.1', '10.1.0.1']);
  });

  test('fails when all is hidden, and when there is nothing', async () => {
    const addresses = addressesOf({ 'host.example': ['10.0.0.1'], 'cloud.example': ['169.254.169.254'] });
    expect(await seen(addresses, 'public')).toBe('UNSAFE_URL');
    expect(await seen(addresses, 'loopback', 'cloud.example')).toBe('UNSAFE_URL');
    expect(await seen(addresses, 'loopback', 'nobody.example')).toBe('UNAVAILABLE');
  });
});

describe('depth', () => {
  test.each([
    ['localhost', 'loopback'],
    ['127.0.0.1', 'loopback'],
    ['[::1]', 'loopback'],
    ['[::ffff:127.0.0.1]', 'loopback'],
    ['10.0.0.1', 'private'],
    ['[fd12::1]', 'private'],
    ['8.8.8.8', 'public'],
    ['never-asked.example', 'public'],
  ])('%s is %s', (host, depth) => {
    expect(addressesOf({}).depthOf(host)).toBe(depth);
  });

  test.each([
    [['10.0.0.1'], 'private'],
    [['127.0.0.1'], 'loopback'],
    [['10.0.0.1', '127.0.0.1'], 'private'],
    [['10.0.0.1', '8.8.8.8'], 'public'],
  ])('a name with %j is %s', async (found, depth) => {
    const addresses = addressesOf({ 'host.example': found });
    await seen(addresses, 'loopback');
    expect(addresses.depthOf('host.example')).toBe(depth);
  });

  test('a name that was public does not come closer', async () => {
    const names = { 'host.example': ['8.8.8.8'] };
    const addresses = addressesOf(names);
    await seen(addresses, 'loopback');
    names['host.example'] = ['10.0.0.1'];
    await seen(addresses, 'loopback');
    expect(addresses.depthOf('host.example')).toBe('public');
  });
});
