import type { Access } from '@wasmlet/kubelet';

/** A kubeconfig (JSON, which is YAML) of the same cluster with a bootstrap token, named as Krustlet's script does. */
export function bootstrapKubeconfig({ server, tls }: Access, token: string): string {
  const user = 'tls-bootstrap-token-user';
  const cluster = 'kubernetes';
  const context = `${user}@${cluster}`;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: cluster,
        cluster: {
          server: server.href.replace(/\/$/, ''),
          ...(tls.ca === undefined
            ? {}
            : { 'certificate-authority-data': Buffer.from(tls.ca).toString('base64') }),
          ...(tls.servername === undefined ? {} : { 'tls-server-name': tls.servername }),
          ...(tls.rejectUnauthorized === false ? { 'insecure-skip-tls-verify': true } : {}),
        },
      },
    ],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: context, context: { cluster, user, namespace: 'kube-system' } }],
    'current-context': context,
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}
