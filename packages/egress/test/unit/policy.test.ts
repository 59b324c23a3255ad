import { describe, expect, test } from 'vitest';
import { createEgressGuard, denyAll } from '../../src/index.ts';

const guardOf = (allowedHosts: readonly string[], grants: readonly string[] = []) =>
  createEgressGuard({ allowedHosts, grants }, { ownAddresses: () => ['192.0.2.7', '93.184.216.34'] });
const http = (port = 80) => ({ scheme: 'http', port }) as const;
const https = (port = 443) => ({ scheme: 'https', port }) as const;
const tcp = (port: number) => ({ scheme: 'tcp', port }) as const;
const mayConnect = (grants: readonly string[], port: number, address = '10.0.0.5') =>
  guardOf([], grants).checkAddress('node.example', address, https(port)).allowed;

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

  test.each([
    ['example.com', 'example.com', http(8080)],
    ['example.com', 'example.com', tcp(25)],
    ['example.com:8443', 'example.com', https(8443)],
    ['example.com:8443', 'example.com', tcp(8443)],
    ['example.com:8000-8999', 'example.com', http(8999)],
    ['https://example.com', 'example.com', https()],
    ['HTTPS://Example.com', 'example.com', https()],
    ['https://example.com:*', 'example.com', https(1)],
    ['https://example.com:8443', 'example.com', https(8443)],
    ['tcp://db.example', 'db.example', tcp(5432)],
    ['*.example.com', 'a.example.com', https()],
    ['*.example.com', 'a.b.EXAMPLE.com.', https()],
    ['https://*.bücher.example', 'www.xn--bcher-kva.example', https()],
    ['10.0.0.0/8', '10.1.2.3', http()],
    ['10.0.0.0/8', '0xa010203', http()],
    ['10.0.0.0/8', '::ffff:10.1.2.3', http()],
    ['tcp://10.0.0.0/8:5432', '10.1.2.3', tcp(5432)],
    ['fd00::/8', 'fd12::1', http()],
    ['[fd00::/8]:443', 'fd12::1', https()],
    ['[::1]', '::1', http()],
    ['http://[::1]:8080', '[::1]', http(8080)],
  ])('%s allows %s, %j', (entry, host, endpoint) => {
    expect(guardOf([entry]).checkHost(host, endpoint)).toEqual({ allowed: true });
  });

  test.each([
    ['example.com:8443', 'example.com', https(443), 'port-not-allowed'],
    ['example.com:8000-8999', 'example.com', http(9000), 'port-not-allowed'],
    ['https://example.com', 'example.com', https(8443), 'port-not-allowed'],
    ['https://example.com', 'example.com', http(443), 'port-not-allowed'],
    ['http://example.com', 'example.com', tcp(80), 'port-not-allowed'],
    ['*.example.com', 'example.com', http(), 'host-not-allowed'],
    ['*.example.com', 'badexample.com', http(), 'host-not-allowed'],
    ['*.example.com', 'a.example.com.evil.test', http(), 'host-not-allowed'],
    ['10.0.0.0/8', '11.0.0.1', http(), 'host-not-allowed'],
    ['10.0.0.0/8', 'ten.example', http(), 'host-not-allowed'],
    ['10.0.0.0/8', '10.1.2.3.example', http(), 'host-not-allowed'],
    ['[fd00::/8]:443', 'fd12::1', http(), 'port-not-allowed'],
  ])('%s denies %s, %j: %s', (entry, host, endpoint, reason) => {
    expect(guardOf([entry]).checkHost(host, endpoint)).toMatchObject({ allowed: false, reason });
  });

  test('a host is looked up that is allowed for any port', () => {
    expect(guardOf(['https://example.com:8443']).checkHost('example.com')).toEqual({ allowed: true });
  });

  test('the ceiling bounds it, by host and by port', () => {
    const policy = { allowedHosts: ['*.example.com', 'evil.example'], grants: [] };
    const guard = createEgressGuard({ ...policy, ceiling: ['https://*.example.com', 'other.example'] });
    expect(guard.checkHost('a.example.com', https())).toEqual({ allowed: true });
    expect(guard.checkHost('a.example.com')).toEqual({ allowed: true });
    for (const [host, endpoint] of [
      ['a.example.com', http()],
      ['evil.example', https()],
      ['evil.example', undefined],
    ] as const) {
      expect(guard.checkHost(host, endpoint)).toMatchObject({ allowed: false, reason: 'above-ceiling' });
    }
    // It allows nothing by itself.
    expect(guard.checkHost('other.example')).toMatchObject({ reason: 'host-not-allowed' });
    expect(createEgressGuard({ ...policy, ceiling: [] }).checkHost('a.example.com')).toMatchObject({
      reason: 'above-ceiling',
    });
  });

  test('denyAll allows nothing', () => {
    const guard = createEgressGuard(denyAll);
    expect(guard.checkHost('example.com')).toMatchObject({ allowed: false });
    expect(guard.checkAddress('localhost', '127.0.0.1')).toMatchObject({ allowed: false });
  });

  test.each([
    'https://example.com/',
    'ftp://example.com',
    'me@example.com',
    'example.com:0',
    'example.com:65536',
    'example.com:90-80',
    'example.com:',
    '[::1]:x',
    '[example.com]',
    '*',
    '*.',
    'a.*.com',
    '*.10.0.0.1',
    '10.0.0.5/8',
    '10.0.0.0/33',
    'example.com/24',
    '',
  ])('a guard with %j on the list is not made', (entry) => {
    expect(() => guardOf(['a.example', entry])).toThrow(
      expect.objectContaining({
        code: 'INVALID_HOST',
        message: expect.stringContaining(JSON.stringify(entry)),
      }),
    );
  });
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

  test('a guarded address needs a grant of its own, though it is public or in a wider range', () => {
    const guarded = ['10.96.0.0/12', '34.1.2.3', 'api.cluster.example'];
    const verdict = (grants: readonly string[], host: string, address: string) =>
      createEgressGuard({ allowedHosts: [], grants, guarded }).checkAddress(host, address).allowed;
    expect(verdict(['10.0.0.0/8'], 'web.svc', '10.96.0.1')).toBe(false);
    expect(verdict(['10.96.0.0/12'], 'web.svc', '10.96.0.1')).toBe(true);
    expect(verdict(['10.96.0.1'], 'web.svc', '10.96.0.1')).toBe(true);
    expect(verdict(['web.svc'], 'web.svc', '10.96.0.1')).toBe(true);
    expect(verdict(['10.0.0.0/8'], 'web.svc', '10.1.0.1')).toBe(true);
    expect(verdict(['0.0.0.0/0'], 'api.example', '34.1.2.3')).toBe(false);
    expect(verdict(['34.1.2.3'], 'api.example', '34.1.2.3')).toBe(true);
    expect(verdict([], 'api.cluster.example', '34.9.9.9')).toBe(false);
    expect(verdict(['api.cluster.example'], 'api.cluster.example', '34.9.9.9')).toBe(true);
    const atPort = createEgressGuard({
      allowedHosts: [],
      grants: ['10.0.0.0/8'],
      guarded: ['10.0.0.5:6443'],
    });
    expect(atPort.checkAddress('10.0.0.5', '10.0.0.5', https(6443)).allowed).toBe(false);
    expect(atPort.checkAddress('10.0.0.5', '10.0.0.5', https(443)).allowed).toBe(true);
    expect(atPort.checkAddress('10.0.0.5', '10.0.0.5').allowed).toBe(true);
  });

  test("a kubelet's ports are opened by a grant that names them, and others by one without", () => {
    expect(mayConnect(['10.0.0.0/8'], 443)).toBe(true);
    expect(mayConnect(['10.0.0.0/8'], 10_250)).toBe(false);
    expect(mayConnect(['node.example'], 10_255)).toBe(false);
    expect(mayConnect(['10.0.0.0/8', '10.0.0.5:10250'], 10_250)).toBe(true);
    expect(mayConnect(['10.0.0.0/8:10250'], 443)).toBe(false);
    expect(mayConnect(['node.example:10250-10255'], 10_255)).toBe(true);
    expect(mayConnect([], 10_250, '8.8.8.8')).toBe(true);
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
    ['example.com:0', 'a port is'],
    ['10.0.0.0/8:*', 'a port is'],
  ])('%j is refused: %s', (grant, remedy) => {
    const make = () => guardOf([], ['10.0.0.0/8', grant]);
    expect(make).toThrow(expect.objectContaining({ name: 'EgressError', code: 'INVALID_GRANT' }));
    expect(make).toThrow(JSON.stringify(grant));
    expect(make).toThrow(remedy);
  });
});
