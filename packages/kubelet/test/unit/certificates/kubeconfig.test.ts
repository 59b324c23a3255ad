import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { json } from '../../fixtures/api-server.ts';
import { bootstrapUser, type IdentitySetup, setUpIdentity } from './identity-fixture.ts';

const review = 'POST /apis/authentication.k8s.io/v1/selfsubjectreviews';

async function writeKubeconfig(setup: IdentitySetup, text: string): Promise<void> {
  await mkdir(dirname(setup.kubeconfigPath), { recursive: true });
  await writeFile(setup.kubeconfigPath, text);
}

async function certificateUser(setup: IdentitySetup, commonName: string, notAfter?: Date): Promise<object> {
  const issued = await setup.signing.authority.issue({
    commonName,
    ...(notAfter === undefined ? {} : { notAfter }),
  });
  return {
    'client-certificate-data': Buffer.from(issued.cert).toString('base64'),
    'client-key-data': Buffer.from(issued.key).toString('base64'),
  };
}

describe('a kubeconfig is refused that', () => {
  test.each([['kubernetes-admin'], ['system:node:other']])('belongs to %s', async (owner) => {
    await using setup = await setUpIdentity();
    await writeKubeconfig(setup, setup.signing.kubeconfig(await certificateUser(setup, owner)));
    await expect(setup.establish()).rejects.toMatchObject({
      name: 'IdentityError',
      code: 'NOT_THIS_NODE',
      message: expect.stringContaining(
        `the kubeconfig ${setup.kubeconfigPath} belongs to ${owner}; a node needs one of its own, for system:node:n1`,
      ) as string,
    });
    expect(setup.signing.api.requests).toEqual([]);
  });

  test('holds an administrator’s token', async () => {
    await using setup = await setUpIdentity();
    setup.signing.api.on(review, json({ status: { userInfo: { username: 'admin' } } }));
    await writeKubeconfig(setup, setup.signing.kubeconfig({ token: 'secret-token' }));
    const refusal = setup.establish();
    await expect(refusal).rejects.toMatchObject({
      code: 'NOT_THIS_NODE',
      message: expect.stringContaining('belongs to admin') as string,
    });
    await expect(refusal).rejects.not.toThrow('secret-token');
  });

  test('holds the bootstrap token, without telling its secret', async () => {
    await using setup = await setUpIdentity();
    await writeKubeconfig(setup, setup.signing.kubeconfig(bootstrapUser));
    const refusal = setup.establish();
    await expect(refusal).rejects.toThrow('holds the bootstrap token abcdef; give it as --bootstrap-file');
    await expect(refusal).rejects.not.toThrow('0123456789abcdef');
  });

  test('holds no credentials', async () => {
    await using setup = await setUpIdentity();
    await writeKubeconfig(setup, setup.signing.kubeconfig({}));
    await expect(setup.establish()).rejects.toMatchObject({ code: 'NOT_THIS_NODE' });
  });

  test.each([
    ['is no YAML', '{{{'],
    ['has no current context', JSON.stringify({ apiVersion: 'v1', kind: 'Config' })],
    [
      'names a cluster that is not there',
      JSON.stringify({
        contexts: [{ name: 'x', context: { cluster: 'none', user: 'u' } }],
        users: [{ name: 'u', user: {} }],
        clusters: [],
        'current-context': 'x',
      }),
    ],
  ])('%s', async (_title, text) => {
    await using setup = await setUpIdentity();
    await writeKubeconfig(setup, text);
    await expect(setup.establish()).rejects.toMatchObject({
      code: 'KUBECONFIG_MALFORMED',
      message: expect.stringContaining(setup.kubeconfigPath) as string,
    });
  });

  test('cannot be read', async () => {
    await using setup = await setUpIdentity();
    await mkdir(setup.kubeconfigPath, { recursive: true });
    await expect(setup.establish()).rejects.toMatchObject({ code: 'KUBECONFIG_UNREADABLE' });
  });

  test('points to files that are not there', async () => {
    await using setup = await setUpIdentity();
    const user = { 'client-certificate': 'none.crt', 'client-key': 'none.key' };
    await writeKubeconfig(setup, setup.signing.kubeconfig(user));
    await expect(setup.establish()).rejects.toMatchObject({
      code: 'KUBECONFIG_UNREADABLE',
      message: expect.stringContaining('none.crt') as string,
    });
  });
});

test('without a kubeconfig and without a bootstrap file nothing can be done', async () => {
  await using setup = await setUpIdentity();
  const bootstrapFile = `${setup.directory}/none.conf`;
  await expect(setup.establish({ bootstrapFile })).rejects.toMatchObject({
    code: 'KUBECONFIG_MISSING',
    message: `there is neither a kubeconfig ${setup.kubeconfigPath} nor a bootstrap file ${bootstrapFile}; make one with "wasmlet bootstrap"`,
  });
});

test('a token that the API server says is the node’s is enough', async () => {
  await using setup = await setUpIdentity();
  setup.signing.api.on(review, json({ status: { userInfo: { username: 'system:node:n1' } } }));
  setup.signing.approveAll('serving');
  await writeKubeconfig(setup, setup.signing.kubeconfig({ token: 'node-token' }));
  const identity = await setup.establish();
  expect((await identity.access.load()).headers).toEqual({ authorization: 'Bearer node-token' });
  expect(setup.signing.requests).toHaveLength(1);
});

describe('a certificate that is out of date', () => {
  test('is replaced by way of the bootstrap file', async () => {
    await using setup = await setUpIdentity();
    setup.signing.approveAll('client');
    setup.signing.approveAll('serving');
    const user = await certificateUser(setup, 'system:node:n1', new Date('2025-12-31T00:00:00Z'));
    await writeKubeconfig(setup, setup.signing.kubeconfig(user));
    await expect(setup.establish()).resolves.toBeDefined();
    expect(setup.signing.requests).toHaveLength(2);
  });

  test('is an error where there is none', async () => {
    await using setup = await setUpIdentity();
    const user = await certificateUser(setup, 'system:node:n1', new Date('2025-12-31T00:00:00Z'));
    await writeKubeconfig(setup, setup.signing.kubeconfig(user));
    const { establishNodeIdentity } = await import('../../../src/certificates/node-identity.ts');
    await expect(
      establishNodeIdentity({
        nodeName: 'n1',
        hostname: 'host',
        addresses: [],
        dataDirectory: setup.directory,
        kubeconfigPath: setup.kubeconfigPath,
        clock: setup.time.clock,
        signal: new AbortController().signal,
      }),
    ).rejects.toMatchObject({
      code: 'CERTIFICATE_EXPIRED',
      message: expect.stringContaining('was good until 2025-12-31T00:00:00.000Z') as string,
    });
  });
});
