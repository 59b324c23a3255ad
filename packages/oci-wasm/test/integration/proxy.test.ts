import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { addArtifact, moduleOf } from '../fixtures/artifacts.ts';
import { startConnectProxy } from '../fixtures/connect-proxy.ts';
import { failureOf } from '../fixtures/failure-of.ts';
import { behindTls, tlsFile } from '../fixtures/secure-registry.ts';
import { openSession } from '../fixtures/session.ts';
import { startTestRegistry } from '../registry/start-test-registry.ts';

const ca = await readFile(tlsFile('ca.pem'), 'utf8');
const module = moduleOf(200_000);

describe('a proxy', () => {
  test('is what a registry is reached through, with CONNECT and verified TLS', async () => {
    await using registry = await startTestRegistry();
    addArtifact(registry, module);
    await using secure = await behindTls(registry);
    await using proxy = await startConnectProxy();
    const host = `registry.test:${secure.port}`;
    await using session = await openSession(
      {},
      { proxy: { httpsProxy: proxy.url.replace('://', '://me:se%20cret@') }, tls: { [host]: { ca } } },
    );
    expect((await session.pull({ reference: `${host}/team/app:v1` })).kind).toBe('module');
    expect(new Set(proxy.requests)).toEqual(new Set([`CONNECT ${host}`]));
    expect(proxy.authorizations[0]).toBe(`Basic ${Buffer.from('me:se cret').toString('base64')}`);
  });

  test('does not make a certificate trusted', async () => {
    await using registry = await startTestRegistry();
    await using secure = await behindTls(registry);
    await using proxy = await startConnectProxy();
    await using session = await openSession({}, { proxy: { httpsProxy: proxy.url } });
    const error = await failureOf(session.pull({ reference: `registry.test:${secure.port}/team/app:v1` }));
    expect(error.message).toContain('its certificate is not trusted');
  });

  test('forwards plain http for a registry on the list', async () => {
    await using registry = await startTestRegistry();
    addArtifact(registry, module);
    await using proxy = await startConnectProxy();
    const host = registry.host.replace('127.0.0.1', 'registry.test');
    await using session = await openSession(
      {},
      { insecureRegistries: [host], proxy: { httpProxy: proxy.url, httpsProxy: proxy.url } },
    );
    await session.push({ module, reference: `${host}/team/pushed:v1` });
    expect((await session.pull({ reference: `${host}/team/app:v1` })).kind).toBe('module');
    expect(proxy.requests).toContain(`HEAD http://${host}/v2/team/app/manifests/v1`);
  });

  test('is not asked for what is excepted, nor for this machine', async () => {
    await using registry = await startTestRegistry();
    addArtifact(registry, module);
    await using proxy = await startConnectProxy();
    await using session = await openSession(
      {},
      { proxy: { httpProxy: proxy.url, httpsProxy: proxy.url, noProxy: 'other.test' } },
    );
    await session.pull({ reference: `${registry.host}/team/app:v1` });
    await failureOf(session.pull({ reference: 'other.test:1/team/app:v1' }));
    expect(proxy.requests).toEqual([]);
  });

  test('that refuses is told, without its password', async () => {
    await using proxy = await startConnectProxy({ refuse: 407 });
    const httpsProxy = proxy.url.replace('://', '://me:secret@');
    await using session = await openSession({}, { proxy: { httpsProxy } });
    const error = await failureOf(session.pull({ reference: 'registry.test/team/app:v1' }));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', host: 'registry.test' });
    expect(error.message).toContain(`the connection through the proxy ${proxy.url} was refused with 407`);
    expect(error.message).not.toContain('secret');
  });

  test('that is not there is told', async () => {
    const proxy = await startConnectProxy();
    await proxy[Symbol.asyncDispose]();
    const { url } = proxy;
    await using session = await openSession({}, { proxy: { httpsProxy: url } });
    const error = await failureOf(session.pull({ reference: 'registry.test/team/app:v1' }));
    expect(error.message).toContain(`through the proxy ${url} failed (ECONNREFUSED)`);
  });
});
