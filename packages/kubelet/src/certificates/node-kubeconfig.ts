import type { Access } from '../cluster/api-server/access.ts';
import { writePrivateFile } from './private-file.ts';

/** Writes the node's own kubeconfig (JSON, which is YAML), 0600, all of it or nothing. */
export async function writeNodeKubeconfig(
  path: string,
  { server, tls }: Access,
  identity: { readonly cert: string; readonly key: string },
): Promise<void> {
  const name = 'wasmlet';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name,
        cluster: {
          server: server.href.replace(/\/$/, ''),
          ...(tls.ca === undefined ? {} : { 'certificate-authority-data': base64(tls.ca) }),
          ...(tls.servername === undefined ? {} : { 'tls-server-name': tls.servername }),
          ...(tls.rejectUnauthorized === false ? { 'insecure-skip-tls-verify': true } : {}),
        },
      },
    ],
    users: [
      {
        name,
        user: {
          'client-certificate-data': base64(identity.cert),
          'client-key-data': base64(identity.key),
        },
      },
    ],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  };
  await writePrivateFile(path, `${JSON.stringify(config, undefined, 2)}\n`);
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
