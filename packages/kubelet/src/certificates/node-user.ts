import type { V1SelfSubjectReview } from '@kubernetes/client-node';
import { createTransport } from '../cluster/api-server/transport.ts';
import { type ApiServerWaitOptions, waitingForApiServer } from './api-server-wait.ts';
import { type CertificateFacts, readCertificate } from './certificate-facts.ts';
import { IdentityError } from './identity-error.ts';
import type { Kubeconfig } from './kubeconfig.ts';
import { nodeUser } from './signing-request.ts';

export interface NodeUserOptions extends ApiServerWaitOptions {
  readonly nodeName: string;
}

/**
 * Makes sure that a kubeconfig is this node's own. Resolves with its certificate, or `undefined` when it has
 * another kind of credential that the API server says is the node's; one that is away is waited for. Rejects
 * with `NOT_THIS_NODE`.
 */
export async function requireNodeUser(
  kubeconfig: Kubeconfig,
  options: NodeUserOptions,
): Promise<CertificateFacts | undefined> {
  const { nodeName } = options;
  const { tls, headers } = await kubeconfig.load();
  if (tls.cert !== undefined) {
    const certificate = readCertificate(tls.cert);
    if (certificate === undefined) {
      const message = `the client certificate in ${kubeconfig.path} is not a certificate in PEM`;
      throw new IdentityError('KUBECONFIG_MALFORMED', message);
    }
    if (certificate.commonName === nodeUser(nodeName)) return certificate;
    throw wrongOwner(kubeconfig, certificate.commonName || kubeconfig.user, nodeName);
  }
  const authorization = headers['authorization'];
  if (authorization === undefined) throw wrongOwner(kubeconfig, 'nobody (no credentials)', nodeName);
  const bootstrapToken = /^Bearer ([a-z0-9]{6})\.[a-z0-9]{16}$/.exec(authorization);
  if (bootstrapToken !== null) {
    throw new IdentityError(
      'NOT_THIS_NODE',
      `the kubeconfig ${kubeconfig.path} holds the bootstrap token ${bootstrapToken[1]}; give it as --bootstrap-file, and let KUBECONFIG name a file that does not exist yet`,
    );
  }
  const username = await askUsername(kubeconfig, options);
  if (username !== nodeUser(nodeName)) throw wrongOwner(kubeconfig, username, nodeName);
  return undefined;
}

async function askUsername(kubeconfig: Kubeconfig, options: NodeUserOptions): Promise<string> {
  const { signal } = options;
  await using transport = createTransport({ ...options, access: kubeconfig });
  const review = (await waitingForApiServer(
    () =>
      transport.call(
        {
          method: 'POST',
          path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
          body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
        },
        { signal },
      ),
    options,
  )) as V1SelfSubjectReview | undefined;
  return review?.status?.userInfo?.username ?? kubeconfig.user;
}

function wrongOwner({ path }: Kubeconfig, owner: string, nodeName: string): IdentityError {
  return new IdentityError(
    'NOT_THIS_NODE',
    `the kubeconfig ${path} belongs to ${owner}; a node needs one of its own, for ${nodeUser(nodeName)}: ` +
      'let KUBECONFIG name a file that does not exist yet and give a bootstrap file (--bootstrap-file)',
  );
}
