import { join } from 'node:path';
import { rm } from 'node:fs/promises';
import { createTransport } from '../cluster/api-server/transport.ts';
import type { Clock } from '../node/clock.ts';
import type { Logger } from '../node/logger.ts';
import { type CertificateFacts, readCertificate } from './certificate-facts.ts';
import { IdentityError } from './identity-error.ts';
import { type Kubeconfig, openKubeconfig } from './kubeconfig.ts';
import { requireNodeUser } from './node-user.ts';
import { writeNodeKubeconfig } from './node-kubeconfig.ts';
import { exportKey, loadOrCreateKey } from './private-key.ts';
import { obtainCertificate } from './signed-certificate.ts';
import { clientRequest, nodeUser, requestDigest } from './signing-request.ts';

export interface ClientIdentityOptions {
  readonly nodeName: string;
  /** Where the node's kubeconfig is, or is to be written. */
  readonly kubeconfigPath: string;
  /** Kubeconfig with a bootstrap token; used when the node has no kubeconfig, or only one that is out of date. */
  readonly bootstrapFile?: string;
  /** Directory for the key of a certificate that is not issued yet. */
  readonly directory: string;
  /** How long to wait for a certificate, in milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  readonly signal: AbortSignal;
}

/**
 * The node's kubeconfig: the one that is there, when it is this node's and not out of date, or a new one by way of
 * the bootstrap token. Rejects with {@link IdentityError}.
 */
export async function ensureClientIdentity(options: ClientIdentityOptions): Promise<Kubeconfig> {
  const { nodeName, kubeconfigPath, bootstrapFile, clock, logger } = options;
  const existing = await openIfPresent(kubeconfigPath);
  if (existing !== undefined) {
    const certificate = await requireNodeUser(existing, options);
    if (certificate === undefined || certificate.notAfter > clock.now()) return existing;
    const until = certificate.notAfter.toISOString();
    if (bootstrapFile === undefined) {
      throw new IdentityError(
        'CERTIFICATE_EXPIRED',
        `the certificate in ${kubeconfigPath} was good until ${until}; give a bootstrap file (--bootstrap-file) to get another one`,
      );
    }
    logger.warn({ kubeconfig: kubeconfigPath, until }, 'certificate is out of date, bootstrapping again');
  }
  const bootstrap = await openBootstrap(options);
  logger.info(
    { node: nodeName, bootstrapFile, kubeconfig: kubeconfigPath },
    'asking for a client certificate',
  );
  await renewClientIdentity(bootstrap, options);
  return openKubeconfig(kubeconfigPath);
}

/** Gets a certificate with the credentials of `source` and writes the node's kubeconfig with it. */
export async function renewClientIdentity(
  source: Kubeconfig,
  options: ClientIdentityOptions,
): Promise<CertificateFacts> {
  const { nodeName, kubeconfigPath, directory, clock, logger } = options;
  const keyFile = join(directory, 'client-pending.key');
  const key = await loadOrCreateKey(keyFile);
  const request = clientRequest(nodeName, key);
  await using transport = createTransport({ access: source, clock, logger });
  const cert = await obtainCertificate({
    ...options,
    transport,
    request,
    names: [`node-csr-${requestDigest(request)}`],
    onPending: (name) => logger.info({ csr: name }, 'waiting for the client certificate'),
  });
  const certificate = readCertificate(cert);
  if (certificate === undefined || certificate.commonName !== nodeUser(nodeName) || !certificate.isFor(key)) {
    const message = `the cluster issued a certificate that is not for ${nodeUser(nodeName)} and this key`;
    throw new IdentityError('CERTIFICATE_UNUSABLE', message);
  }
  await writeNodeKubeconfig(kubeconfigPath, await source.load(), { cert, key: exportKey(key) });
  await rm(keyFile, { force: true });
  return certificate;
}

async function openIfPresent(path: string): Promise<Kubeconfig | undefined> {
  try {
    return await openKubeconfig(path);
  } catch (error) {
    if (error instanceof IdentityError && error.code === 'KUBECONFIG_MISSING') return undefined;
    throw error;
  }
}

async function openBootstrap({ kubeconfigPath, bootstrapFile }: ClientIdentityOptions): Promise<Kubeconfig> {
  if (bootstrapFile === undefined) {
    const message = `there is no kubeconfig ${kubeconfigPath} and no bootstrap file to get one with (--bootstrap-file)`;
    throw new IdentityError('KUBECONFIG_MISSING', message);
  }
  const bootstrap = await openIfPresent(bootstrapFile);
  if (bootstrap !== undefined) return bootstrap;
  throw new IdentityError(
    'KUBECONFIG_MISSING',
    `there is neither a kubeconfig ${kubeconfigPath} nor a bootstrap file ${bootstrapFile}; make one with "wasmlet bootstrap"`,
  );
}
