import { X509Certificate } from 'node:crypto';
import { statSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { status } from '../../fixtures/api-server.ts';
import { createAuthority, namesIn } from '../../fixtures/certificate-authority.ts';
import { eventually } from '../../fixtures/eventually.ts';
import { type IdentitySetup, setUpIdentity } from './identity-fixture.ts';

const create = 'POST /apis/certificates.k8s.io/v1/certificatesigningrequests';
const asks = 'BOOTSTRAP: TLS certificate requires manual approval. Run kubectl certificate approve host-tls';
const goesOn = 'BOOTSTRAP: received TLS certificate approval: continuing';

describe('a node without an identity', () => {
  test('gets its client certificate with the bootstrap token and its serving certificate with that', async () => {
    await using setup = await setUpIdentity();
    const { signing } = setup;
    signing.approveAll('client');
    const establishing = setup.establish();
    await eventually(() => setup.prompts.length === 1);
    expect(setup.prompts).toEqual([asks]);
    await signing.approve('host-tls');
    const identity = await establishing;
    expect(setup.prompts).toEqual([asks, goesOn]);

    const [client, serving] = signing.requests;
    expect(client?.metadata.name).toMatch(/^node-csr-[0-9a-f]{64}$/);
    expect(client?.spec).toMatchObject({
      signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
      usages: ['digital signature', 'client auth'],
    });
    const subject = 'O=system:nodes, CN=system:node:n1';
    expect(namesIn(signing.pem(client?.metadata.name ?? ''))).toEqual({ subject, names: [] });
    expect(serving?.spec).toMatchObject({
      signerName: 'kubernetes.io/kubelet-serving',
      usages: ['digital signature', 'server auth'],
    });
    expect(namesIn(signing.pem('host-tls'))).toEqual({ subject, names: ['dns:host', 'ip:192.0.2.1'] });
    const callers = signing.api
      .received(create)
      .map(({ headers, clientName }) => [headers.authorization, clientName]);
    expect(callers).toEqual([
      ['Bearer abcdef.0123456789abcdef', undefined],
      [undefined, 'system:node:n1'],
    ]);

    const { cert, key, clientCa } = identity.serving.current();
    expect(new X509Certificate(cert).subjectAltName).toBe('DNS:host, IP Address:192.0.2.1');
    expect(key).toContain('PRIVATE KEY');
    expect(clientCa).toBe(signing.authority.cert);
    const { tls, headers } = await identity.access.load();
    expect(new X509Certificate(tls.cert ?? '').subject).toBe('O=system:nodes\nCN=system:node:n1');
    expect(headers).toEqual({});
  });

  test('has each key on disk, for itself only, before it asks for the certificate', async () => {
    await using setup = await setUpIdentity();
    const modes: string[] = [];
    setup.signing.onCreate = ({ body }) => {
      const { metadata } = body as { metadata: { name: string } };
      const file = metadata.name === 'host-tls' ? 'serving-pending.key' : 'client-pending.key';
      modes.push(
        `${file} ${(statSync(join(setup.directory, 'certificates', file)).mode & 0o777).toString(8)}`,
      );
    };
    setup.signing.approveAll('client');
    setup.signing.approveAll('serving');
    await setup.establish();
    expect(modes).toEqual(['client-pending.key 600', 'serving-pending.key 600']);
    const certificates = join(setup.directory, 'certificates');
    expect(await readdir(certificates)).toEqual(['serving.crt', 'serving.key']);
    expect(((await stat(certificates)).mode & 0o777).toString(8)).toBe('700');
    for (const path of [join(certificates, 'serving.key'), setup.kubeconfigPath]) {
      expect(((await stat(path)).mode & 0o777).toString(8)).toBe('600');
    }
  });

  test('takes its request up again after a restart, with the same key', async () => {
    await using setup = await setUpIdentity();
    setup.signing.approveAll('client');
    const abort = new AbortController();
    const first = setup.establish({ signal: abort.signal });
    await eventually(() => setup.prompts.length === 1);
    const key = await readFile(join(setup.directory, 'certificates/serving-pending.key'), 'utf8');
    abort.abort(new Error('SIGTERM'));
    await expect(first).rejects.toThrow('SIGTERM');

    const second = setup.establish();
    await eventually(() => setup.prompts.length === 2);
    expect(setup.signing.requests.map(({ metadata }) => metadata.name)).toEqual([
      expect.stringMatching(/^node-csr-/),
      'host-tls',
    ]);
    await setup.signing.approve('host-tls');
    expect((await second).serving.current().key).toBe(key);
    expect(setup.prompts).toEqual([asks, asks, goesOn]);
  });

  test('asks for nothing when all is there', async () => {
    await using setup = await setUpIdentity();
    setup.signing.approveAll('client');
    setup.signing.approveAll('serving');
    const first = await setup.establish();
    const before = setup.signing.api.requests.length;
    const second = await setup.establish();
    expect(setup.signing.api.requests).toHaveLength(before);
    expect(second.serving.current()).toEqual(first.serving.current());
  });

  test('asks for another serving certificate when its address has changed', async () => {
    await using setup = await setUpIdentity();
    setup.signing.approveAll('client');
    setup.signing.approveAll('serving');
    await setup.establish();
    const identity = await setup.establish({ addresses: ['192.0.2.9'] });
    expect(new X509Certificate(identity.serving.current().cert).subjectAltName).toContain('192.0.2.9');
    expect(setup.signing.requests.at(-1)?.metadata.name).toMatch(/^host-tls-[0-9a-f]{8}$/);
  });

  test('takes another name when host-tls is somebody else’s, and prints that', async () => {
    await using setup = await setUpIdentity();
    setup.signing.approveAll('client');
    // The request of another machine of the same name.
    setup.signing.approveAll('serving');
    const elsewhere = join(setup.directory, 'elsewhere');
    await setup.establish({ dataDirectory: elsewhere, kubeconfigPath: join(elsewhere, 'kubeconfig') });
    await setup.establish();
    const names = setup.signing.requests.map(({ metadata }) => metadata.name);
    expect(names.filter((name) => name.startsWith('host-tls'))).toEqual([
      'host-tls',
      expect.stringMatching(/^host-tls-[0-9a-f]{8}$/),
    ]);
    expect(setup.prompts.some((line) => line.endsWith(`approve ${names.at(-1)}`))).toBe(true);
  });
});

describe('a certificate signing request that', () => {
  test.each([
    [
      'Denied',
      'REQUEST_DENIED',
      'was denied (Nope: not you); delete it (kubectl delete csr host-tls) and start again',
    ],
    [
      'Failed',
      'REQUEST_FAILED',
      'was failed (Nope: not you); delete it (kubectl delete csr host-tls) and start again',
    ],
  ])('is %s ends the start with %s', async (type, code, message) => {
    await using setup = await setUpIdentity();
    setup.signing.approveAll('client');
    const establishing = setup.establish();
    establishing.catch(() => undefined);
    await eventually(() => setup.prompts.length === 1);
    setup.signing.conclude('host-tls', type, 'Nope', 'not you');
    await expect(establishing).rejects.toMatchObject({
      name: 'IdentityError',
      code,
      message: `the certificate signing request host-tls ${message}`,
    });
    expect(setup.prompts).toEqual([asks]);
  });

  test('was denied before is not asked for again under its name', async () => {
    await using setup = await setUpIdentity();
    setup.signing.approveAll('client');
    const first = setup.establish();
    first.catch(() => undefined);
    await eventually(() => setup.prompts.length === 1);
    setup.signing.conclude('host-tls', 'Denied', '', '');
    await expect(first).rejects.toMatchObject({ code: 'REQUEST_DENIED' });
    await expect(setup.establish()).rejects.toMatchObject({ code: 'REQUEST_DENIED' });
  });

  test('nobody approves ends the start after the time that was given', async () => {
    await using setup = await setUpIdentity();
    setup.signing.approveAll('client');
    const establishing = setup.establish({ timeoutMs: 100_000 });
    establishing.catch(() => undefined);
    await eventually(() => setup.prompts.length === 1);
    await setup.time.advance(100_000);
    await expect(establishing).rejects.toMatchObject({
      code: 'REQUEST_TIMEOUT',
      message:
        'nobody approved the certificate signing request host-tls within 100 s; ' +
        'approve it (kubectl certificate approve host-tls) and start again',
    });
  });

  test('is deleted ends the start', async () => {
    await using setup = await setUpIdentity();
    setup.signing.approveAll('client');
    const establishing = setup.establish();
    establishing.catch(() => undefined);
    await eventually(() => setup.prompts.length === 1);
    await setup.signing.api.request(create.replace('POST', 'WATCH'));
    setup.signing.remove('host-tls');
    await expect(establishing).rejects.toMatchObject({ code: 'REQUEST_FAILED' });
  });

  test.each([
    [401, 'Unauthorized', 'BOOTSTRAP_REFUSED', /make a new bootstrap token/],
    [403, 'Forbidden', 'REQUEST_FORBIDDEN', /bind the group to system:node-bootstrapper/],
  ])('is answered %d ends the start with the remedy', async (code, reason, expected, message) => {
    await using setup = await setUpIdentity();
    setup.signing.api.on(create, status(code, reason, 'no'));
    await expect(setup.establish()).rejects.toMatchObject({
      code: expected,
      message: expect.stringMatching(message) as string,
    });
  });

  test('is answered with a certificate of somebody else is not used', async () => {
    await using setup = await setUpIdentity();
    const { cert } = await setup.signing.authority.issue({ commonName: 'system:node:other' });
    const establishing = setup.establish();
    establishing.catch(() => undefined);
    await eventually(() => setup.signing.requests.length === 1);
    setup.signing.issue(setup.signing.requests[0]?.metadata.name ?? '', cert);
    await expect(establishing).rejects.toMatchObject({ code: 'CERTIFICATE_UNUSABLE' });
  });
});

describe('an operator’s own files', () => {
  test('are used as they are', async () => {
    await using setup = await setUpIdentity();
    setup.signing.approveAll('client');
    const { own, clientCa, files } = await writeOwnFiles(setup);
    const identity = await setup.establish(files);
    expect(identity.serving.current()).toEqual({ ...own, clientCa });
    expect(setup.signing.requests).toHaveLength(1);
  });

  test.each(['keyFile', 'certFile', 'clientCaFile'] as const)(
    'are looked at before anything is asked for (%s)',
    async (name) => {
      await using setup = await setUpIdentity();
      const { files } = await writeOwnFiles(setup);
      await writeFile(files[name], 'nonsense');
      await expect(setup.establish(files)).rejects.toMatchObject({
        name: 'IdentityError',
        code: 'CERTIFICATE_UNUSABLE',
        message: expect.stringContaining(files[name]) as string,
      });
      expect(setup.signing.requests).toEqual([]);
    },
  );

  test('have to be there when they are client CAs', async () => {
    await using setup = await setUpIdentity();
    await expect(setup.establish({ clientCaFile: '/none.crt' })).rejects.toMatchObject({
      code: 'CERTIFICATE_UNUSABLE',
      message: expect.stringMatching(/\/none\.crt .*ENOENT/) as string,
    });
  });
});

/** A serving certificate and client CAs that the node did not get from the cluster. */
async function writeOwnFiles({ directory, signing }: IdentitySetup) {
  const own = await signing.authority.issue({ commonName: 'node.example', dns: 'node.example' });
  const { cert: clientCa } = await createAuthority('callers');
  const files = {
    certFile: join(directory, 'own.crt'),
    keyFile: join(directory, 'own.key'),
    clientCaFile: join(directory, 'callers.crt'),
  };
  await writeFile(files.certFile, own.cert);
  await writeFile(files.keyFile, own.key);
  await writeFile(files.clientCaFile, clientCa);
  return { own, clientCa, files };
}
