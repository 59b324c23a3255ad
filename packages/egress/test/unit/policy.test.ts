import { describe, expect, test } from 'vitest';
import { createEgressGuard, denyAll } from '../../src/index.ts';

const guardOf = (allowedHosts: readonly string[], grants: readonly string[] = []) =>
  createEgressGuard({ allowedHosts, grants }, { ownAddresses: () => ['192.0.2.7', '93.184.216.34'] });

describe('the allow-list', () => {
  test.each([
    [['example.com'], 'example.com'],
    [['example.com'], 'EXAMPLE.com.'],
    [['Example.COM.'], 'example.com'],
    [['bücher.example'], 'xn--bcher-kva.example'],
    [['127.0.0.1'], '0x7f.1'],
    [['2130706433'], '127.0.0.1'],
    [['[::1]'], '::1'],
    [['a.example', 'b.example'], 'b.example'],
  ])('%j allows %s', (hosts, host) => {
    expect(guardOf(hosts).checkHost(host)).toEqual({ allowed: true });
  });

  test.each([
    [[], 'example.com', 'host-not-allowed'],
    [['example.com'], 'www.example.com', 'host-not-allowed'],
    [['www.example.com'], 'example.com', 'host-not-allowed'],
    [['example.com'], 'example.com.evil.test', 'host-not-allowed'],
    [['127.0.0.1'], 'localhost', 'host-not-allowed'],
    [['127.0.0.1'], '::ffff:127.0.0.1', 'host-not-allowed'],
    [['example.com'], 'example.com:443', 'invalid-host'],
    [['example.com'], 'exam\nple.com', 'invalid-host'],
    [['example.com'], '', 'invalid-host'],
  ])('%j denies %j: %s', (hosts, host, reason) => {
    expect(guardOf(hosts).checkHost(host)).toMatchObject({ allowed: false, reason });
  });

  test('denyAll allows nothing', () => {
    const guard = createEgressGuard(denyAll);
    expect(guard.checkHost('example.com')).toMatchObject({ allowed: false });
    expect(guard.checkAddress('localhost', '127.0.0.1')).toMatchObject({ allowed: false });
  });

  test.each(['https://example.com', 'example.com:443', '*.example.com', ''])(
    'a guard with %j on the list is not made',
    (entry) => {
      expect(() => guardOf(['a.example', entry])).toThrow(
        expect.objectContaining({
          code: 'INVALID_HOST',
          message: expect.stringContaining(JSON.stringify(entry)),
        }),
      );
    },
  );
});

describe('addresses', () => {
  test.each([
    [[], 'example.com', '8.8.8.8'],
    [[], 'example.com', '2606:4700::1111'],
    [['10.0.0.0/8'], 'db.example', '10.1.2.3'],
    [['10.1.2.3'], 'db.example', '10.1.2.3'],
    [['10.1.2.3/32'], '10.1.2.3', '10.1.2.3'],
    [['10.0.0.0/8'], 'db.example', '::ffff:10.1.2.3'],
    [['10.0.0.0/8'], 'db.example', '64:ff9b::10.1.2.3'],
    [['100.64.0.0/10'], 'db.example', '100.64.0.1'],
    [['db.example'], 'db.example', '10.1.2.3'],
    [['DB.example.'], 'db.EXAMPLE', 'fd12::1'],
    [['localhost'], 'localhost', '::1'],
    [['127.0.0.1/32'], 'localhost', '127.0.0.1'],
    [['::1'], 'localhost', '::1'],
    [['[::1]'], '[::1]', '::1'],
    [['fd00::/8'], 'db.example', 'fd12:3456::1'],
    [['::/0'], 'db.example', 'fd12:3456::1'],
    [['0.0.0.0/0'], 'db.example', '192.168.0.1'],
    [['93.184.216.34'], 'me.example', '93.184.216.34'],
    [['me.example'], 'me.example', '::ffff:93.184.216.34'],
  ])('grants %j open, for %s, %s', (grants, host, address) => {
    expect(guardOf([], grants).checkAddress(host, address)).toEqual({ allowed: true });
  });

  test.each([
    [[], 'db.example', '10.1.2.3'],
    [[], 'localhost', '127.0.0.1'],
    [[], 'localhost', '::1'],
    [[], 'db.example', '100.64.0.1'],
    [[], 'db.example', '::ffff:10.1.2.3'],
    [[], 'me.example', '93.184.216.34'],
    [[], 'me.example', '::ffff:93.184.216.34'],
    [['10.0.0.0/9'], 'db.example', '10.128.0.0'],
    [['10.1.2.3'], 'db.example', '10.1.2.4'],
    [['::/0'], 'db.example', '10.1.2.3'],
    [['0.0.0.0/0'], 'db.example', 'fd12::1'],
    [['db.example'], 'www.db.example', '10.1.2.3'],
    [['10.0.0.0/8'], 'db.example', '2001:0:7f00:1:0:0:f5ff:fffe'], // Teredo: 10.0.0.1 by way of 127.0.0.1
    [[], 'not a host', '8.8.8.8'],
    [[], 'db.example', 'db.example'],
    [['db.example'], 'db.example', ''],
  ])('grants %j do not open, for %s, %j', (grants, host, address) => {
    expect(guardOf([], grants).checkAddress(host, address)).toMatchObject({ allowed: false });
  });

  test.each([
    '169.254.169.254',
    '::ffff:169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '100.100.100.200',
    '168.63.129.16',
    'fd00:ec2::254',
    '169.254.1.1',
    'fe80::1',
    '224.0.0.1',
    'ff02::1',
    '0.0.0.0',
    '::',
    '255.255.255.255',
    '192.0.2.7',
  ])('no grant opens %s', (address) => {
    const guard = guardOf([], ['0.0.0.0/0', '::/0', '169.254.169.254', 'fe80::1', 'evil.example']);
    expect(guard.checkAddress('evil.example', address)).toMatchObject({
      allowed: false,
      reason: 'address-not-allowed',
    });
  });

  test('a denial names the host, the address, its class and the grant that would do', () => {
    const verdict = guardOf([]).checkAddress('db.example', '10.1.2.3');
    expect(verdict).toEqual({
      allowed: false,
      reason: 'address-not-allowed',
      message:
        'db.example (10.1.2.3) is a private address, which has not been granted; grant db.example or 10.1.2.3',
    });
  });

  test("this machine's own addresses are read when nobody says what they are", () => {
    const guard = createEgressGuard(denyAll);
    expect(guard.checkAddress('example.com', '8.8.8.8')).toEqual({ allowed: true });
  });
});

describe('grants that cannot be understood', () => {
  test.each([
    ['10.0.0.0/33', 'write a range as'],
    ['10.0.0.0/', 'write a range as'],
    ['10.0.0.0/-1', 'write a range as'],
    ['10.0.0.0/8/8', 'write a range as'],
    ['example.com/24', 'write a range as'],
    ['fe80::1%eth0/64', 'write a range as'],
    ['::/129', 'write a range as'],
    ['https://example.com', 'write a range as'],
    ['10.0.0.5/8', 'write 10.0.0.0/8 for all of it, or 10.0.0.5 for one address'],
    ['fd00::1:1/112', 'write fd00::1:0/112 for all of it, or fd00::1:1 for one address'],
    ['::ffff:10.0.0.0/104', 'write them as such'],
    ['::ffff:10.0.0.1', 'write them as such'],
    ['*.example.com', 'a host name'],
    ['', 'a host name'],
    ['example.com:80', 'a host name'],
  ])('%j is refused: %s', (grant, remedy) => {
    const make = () => guardOf([], ['10.0.0.0/8', grant]);
    expect(make).toThrow(expect.objectContaining({ name: 'EgressError', code: 'INVALID_GRANT' }));
    expect(make).toThrow(JSON.stringify(grant));
    expect(make).toThrow(remedy);
  });
});
