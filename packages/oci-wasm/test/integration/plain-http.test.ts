import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  createRegistryClient,
  openLayoutStore,
  pullArtifact,
  type RegistryClientOptions,
} from '../../src/index.ts';
import { addArtifact, emptyModule } from '../fixtures/artifacts.ts';
import { failureOf } from '../fixtures/failure-of.ts';
import { scratchDirectory } from '../fixtures/scratch.ts';
import { openSession } from '../fixtures/session.ts';
import { startTestRegistry, type TestRegistry } from '../registry/start-test-registry.ts';

const pull = async (reference: string, options: RegistryClientOptions = {}) => {
  await using scratch = await scratchDirectory();
  await using client = createRegistryClient({ timeouts: { connectMs: 2000 }, ...options });
  const store = await openLayoutStore(scratch.path);
  return await pullArtifact({ from: client, to: store, reference });
};

/** The registry behind TLS, with a certificate that nobody trusts. */
async function behindTls(registry: TestRegistry) {
  const fixtures = join(import.meta.dirname, '../fixtures/tls');
  const [key, cert] = await Promise.all([
    readFile(join(fixtures, 'key.pem')),
    readFile(join(fixtures, 'certificate.pem')),
  ]);
  const server = createServer({ key, cert }, (request, response) => {
    void fetch(`${registry.origin}${request.url}`, { method: request.method ?? 'GET' }).then(
      async (answer) => {
        const body = Buffer.from(await answer.arrayBuffer());
        response.writeHead(answer.status, Object.fromEntries(answer.headers));
        response.end(body);
      },
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('loopback names', () => {
  test('are spoken to over plain http when there is no TLS', async () => {
    await using session = await openSession();
    addArtifact(session.registry, emptyModule);
    const port = session.registry.host.split(':')[1];
    for (const name of ['localhost', '127.0.0.1']) {
      expect((await session.pull({ reference: `${name}:${port}/team/app:v1` })).kind).toBe('module');
    }
  });

  test('with TLS are not given up for plain http because of their certificate', async () => {
    await using registry = await startTestRegistry();
    await using secure = await behindTls(registry);
    const error = await failureOf(pull(`${secure.host}/team/app:v1`));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', host: secure.host });
    expect(error.message).toMatch(
      /its certificate is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\); add its CA/,
    );
  });
});

describe('the list of insecure registries', () => {
  test('lets a certificate pass that nobody trusts', async () => {
    await using registry = await startTestRegistry();
    addArtifact(registry, emptyModule);
    await using secure = await behindTls(registry);
    const pulled = await pull(`${secure.host}/team/app:v1`, { insecureRegistries: [secure.host] });
    expect(pulled.kind).toBe('module');
  });

  test('means exactly what it says: the same host with another port is not in it', async () => {
    await using registry = await startTestRegistry();
    await using secure = await behindTls(registry);
    const error = await failureOf(pull(`${secure.host}/team/app:v1`, { insecureRegistries: ['127.0.0.1'] }));
    expect(error.message).toContain('its certificate is not trusted');
  });
});

test('elsewhere there is TLS or nothing', async () => {
  // TEST-NET-1 (RFC 5737): nobody is there.
  const error = await failureOf(pull('192.0.2.1:5000/app:v1', { timeouts: { connectMs: 100 } }));
  expect(['TIMEOUT', 'UNAVAILABLE']).toContain((error as Error & { code?: string }).code);
});
