import { once } from 'node:events';
import { connect as connectTcp, createServer, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect, getCACertificates, setDefaultCACertificates } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { ApiError } from '../../../src/api/api-error.ts';
import { createHealthzServer } from '../../../src/api/healthz-server.ts';
import { reservePort } from '../../../src/api/reserved-port.ts';
import { createAuthority } from '../../fixtures/certificate-authority.ts';
import { adminSubject, serverSubject, startKubeletApi } from './kubelet-api.ts';

describe('a server that cannot listen says why and what to do', () => {
  test('when the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    try {
      await expect(startKubeletApi({ port })).rejects.toMatchObject({
        name: 'ApiError',
        code: 'PORT_IN_USE',
        message: `port ${port} on 127.0.0.1 is in use: stop what listens there, or choose another one with --port`,
      });
      await expect(createHealthzServer({ port })).rejects.toMatchObject({
        code: 'PORT_IN_USE',
        message: expect.stringContaining('--healthz-port'),
      });
    } finally {
      other.close();
    }
  });

  test('when the machine does not have the address', async () => {
    await expect(startKubeletApi({ address: '192.0.2.1' })).rejects.toMatchObject({
      code: 'CANNOT_LISTEN',
      message: expect.stringContaining('192.0.2.1'),
    });
  });

  test('when the port is none', async () => {
    await expect(startKubeletApi({ port: 70_000 })).rejects.toMatchObject({ code: 'CANNOT_LISTEN' });
  });
});

describe('certificates', () => {
  test('that cannot be used are refused', async () => {
    const authority = await createAuthority();
    const [one, two] = await Promise.all([authority.issue(serverSubject), authority.issue(serverSubject)]);
    const invalid = { name: 'ApiError', code: 'INVALID_TLS' };
    for (const tls of [
      { ...one, key: 'nonsense' },
      { ...one, cert: 'nonsense' },
      { cert: one.cert, key: two.key },
      { ...one, clientCa: 'nonsense' },
      { ...one, clientCa: authority.cert.replace('MII', 'XXX') },
    ]) {
      await expect(startKubeletApi({ tls })).rejects.toMatchObject(invalid);
    }
  });

  test('are exchanged for new connections, and old ones go on', async () => {
    await using api = await startKubeletApi();
    const { address: host, port } = api.server;
    const old = connect({ host, port, ca: api.authority.cert, ...api.admin });
    await once(old, 'secureConnect');
    expect(await api.ask('/pods')).toMatchObject({ status: 200 });

    const next = await createAuthority('next');
    const serving = await next.issue({ ...serverSubject, commonName: 'system:node:renewed' });
    api.server.setTls({ ...serving, clientCa: next.cert });

    await expect(api.ask('/pods')).rejects.toThrow(/self-signed|unable to (get|verify)/);
    expect(await api.ask('/pods', { ca: next.cert })).toMatchObject({ status: 401 });
    const admin = await next.issue(adminSubject);
    expect(await api.ask('/pods', { ca: next.cert, ...admin })).toMatchObject({ status: 200 });
    old.write('GET /pods HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    expect(await text(old)).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('that cannot be used leave the old ones in place', async () => {
    await using api = await startKubeletApi();
    const serving = await api.authority.issue(serverSubject);
    expect(() => api.server.setTls({ ...serving, key: 'nonsense' })).toThrow(ApiError);
    expect(() => api.server.setTls({ ...serving, clientCa: '' })).toThrow(ApiError);
    expect(await api.ask('/pods')).toMatchObject({ status: 200 });
  });

  test('of clients are never believed without a client CA, whatever this machine believes', async () => {
    const authority = await createAuthority();
    const believed = getCACertificates('default');
    using _restored = { [Symbol.dispose]: () => setDefaultCACertificates(believed) };
    setDefaultCACertificates([...believed, authority.cert]);
    await using api = await startKubeletApi({ tls: await authority.issue(serverSubject) });
    api.authorizer.tokens.set('good', { username: 'ann', groups: [] });
    const ca = authority.cert;
    expect(await api.ask('/pods', { ca, ...(await authority.issue(adminSubject)) })).toMatchObject({
      status: 401,
    });
    const headers = { authorization: 'Bearer good' };
    expect(await api.ask('/pods', { ca, headers })).toMatchObject({ status: 200 });
  });
});

test('listens where it is told, and on a port that it names', async () => {
  await using api = await startKubeletApi();
  expect(api.server).toMatchObject({ address: '127.0.0.1', port: expect.any(Number) });
  expect(api.server.port).toBeGreaterThan(0);
});

describe('a port that is reserved', () => {
  const options = { address: '127.0.0.1', port: 0, portOption: '--port' };

  test('is nobody else’s, hangs up, and is served once it is handed over', async () => {
    await using reserved = await reservePort(options);
    const { address: host, port } = reserved;
    await expect(reservePort({ ...options, port })).rejects.toMatchObject({ code: 'PORT_IN_USE' });
    const early = connectTcp({ host, port });
    expect(await text(early)).toBe('');

    await using api = await startKubeletApi({ address: '192.0.2.1', port: reserved });
    expect(api.server).toMatchObject({ address: host, port });
    expect(await api.ask('/healthz')).toMatchObject({ status: 200 });
    await api.server.close();
    await using _again = await reservePort({ ...options, port });
  });

  test('is free again when it is given up', async () => {
    const { port, [Symbol.asyncDispose]: giveUp } = await reservePort(options);
    await giveUp();
    await giveUp();
    await using again = await reservePort({ ...options, port });
    expect(again.port).toBe(port);
  });
});
