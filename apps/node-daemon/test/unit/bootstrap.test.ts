import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { bootstrapKubeconfig } from '../../src/bootstrap/bootstrap-kubeconfig.ts';
import { bootstrapBindings } from '../../src/bootstrap/bootstrap-rbac.ts';
import { createBootstrapToken } from '../../src/bootstrap/bootstrap-token.ts';

describe('a bootstrap token', () => {
  const now = new Date('2026-01-02T03:04:05.678Z');

  test('is what Kubernetes takes, for an hour, and lets a node ask for certificates', () => {
    const { id, token, secret } = createBootstrapToken(now);
    expect(token).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}$/);
    expect(secret).toMatchObject({
      metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
      type: 'bootstrap.kubernetes.io/token',
      stringData: {
        'token-id': id,
        'token-secret': token.slice(7),
        expiration: '2026-01-02T04:04:05Z',
        'usage-bootstrap-authentication': 'true',
        'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
      },
    });
  });

  test('is another one each time', () => {
    expect(createBootstrapToken(now).token).not.toBe(createBootstrapToken(now).token);
  });
});

test('the bindings are those of deploy/bootstrap-rbac.yaml', async () => {
  const file = join(import.meta.dirname, '../../../../deploy/bootstrap-rbac.yaml');
  const documents = parseAllDocuments(await readFile(file, 'utf8'));
  expect(documents.map((document) => document.toJS() as unknown)).toEqual(bootstrapBindings);
});

describe('the bootstrap kubeconfig', () => {
  test('has the cluster and the token, and nothing of the user who made it', () => {
    const access = {
      server: new URL('https://api.example:6443/prefix'),
      tls: { ca: 'CA', cert: 'CERT', key: 'KEY', servername: 'kubernetes' },
      headers: { authorization: 'Bearer admin' },
    };
    const text = bootstrapKubeconfig(access, 'abcdef.0123456789abcdef');
    const config = JSON.parse(text) as { clusters: readonly object[]; users: readonly object[] };
    expect(config.clusters).toEqual([
      {
        name: 'kubernetes',
        cluster: {
          server: 'https://api.example:6443/prefix',
          'certificate-authority-data': Buffer.from('CA').toString('base64'),
          'tls-server-name': 'kubernetes',
        },
      },
    ]);
    expect(config.users).toEqual([
      { name: 'tls-bootstrap-token-user', user: { token: 'abcdef.0123456789abcdef' } },
    ]);
    expect(text).not.toMatch(/admin|CERT|KEY/);
  });

  test('trusts no server that the user does not trust, and one that they trust blindly', () => {
    const server = new URL('https://127.0.0.1:6443');
    expect(bootstrapKubeconfig({ server, tls: {}, headers: {} }, 't')).not.toContain('insecure');
    expect(bootstrapKubeconfig({ server, tls: { rejectUnauthorized: false }, headers: {} }, 't')).toContain(
      '"insecure-skip-tls-verify": true',
    );
  });
});
