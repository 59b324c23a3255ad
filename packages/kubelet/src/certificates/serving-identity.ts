import { rm } from 'node:fs/promises';
import { createPrivateKey } from 'node:crypto';
import { isIP, SocketAddress } from 'node:net';
import type { Transport } from '../cluster/api-server/transport.ts';
import type { Clock } from '../node/clock.ts';
import type { Logger } from '../node/logger.ts';
import { type CertificateFacts, readCertificate } from './certificate-facts.ts';
import { IdentityError } from './identity-error.ts';
import { readIfPresent, writePrivateFile } from './private-file.ts';
import { exportKey, loadOrCreateKey } from './private-key.ts';
import { obtainCertificate } from './signed-certificate.ts';
import { nodeUser, requestDigest, servingRequest } from './signing-request.ts';

export interface ServingIdentityOptions {
  readonly nodeName: string;
  /** DNS name in the certificate, and the first part of the request's name. */
  readonly hostname: string;
  /** IP addresses in the certificate. */
  readonly addresses: readonly string[];
  readonly certFile: string;
  readonly keyFile: string;
  /** Key of a certificate that is not issued yet. */
  readonly pendingKeyFile: string;
  readonly transport: Transport;
  /** How long to wait for approval, in milliseconds. */
  readonly timeoutMs: number;
  /** Told what somebody has to do, in the lines that Krustlet prints. */
  readonly onPrompt: (line: string) => void;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  readonly signal: AbortSignal;
}

export interface ServingIdentity {
  /** PEM. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
  readonly facts: CertificateFacts;
  /** False for a certificate that the operator put there: it is used as it is and never replaced. */
  readonly isOurs: boolean;
}

/** What was on disk while it is good for this node, otherwise a new one. */
export async function ensureServingIdentity(
  existing: ServingIdentity | undefined,
  options: ServingIdentityOptions,
): Promise<ServingIdentity> {
  const { clock, logger, certFile } = options;
  if (existing === undefined) return renewServingIdentity(options);
  const isOutOfDate = existing.facts.notAfter <= clock.now();
  if (!existing.isOurs) {
    if (isOutOfDate) logger.warn({ certFile }, 'the serving certificate is out of date');
    return existing;
  }
  return isOutOfDate || !covers(existing.facts, options) ? renewServingIdentity(options) : existing;
}

/** Asks for a certificate, waits for somebody to approve it, and writes it with its key. */
export async function renewServingIdentity(options: ServingIdentityOptions): Promise<ServingIdentity> {
  const { nodeName, hostname, addresses, certFile, keyFile, pendingKeyFile, onPrompt } = options;
  const key = await loadOrCreateKey(pendingKeyFile);
  const request = servingRequest(nodeName, hostname, addresses, key);
  const name = `${hostname}-tls`;
  let isAwaited = false;
  const cert = await obtainCertificate({
    ...options,
    request,
    names: [name, `${name}-${requestDigest(request).slice(0, 8)}`],
    onPending(submitted) {
      isAwaited = true;
      onPrompt(
        `BOOTSTRAP: TLS certificate requires manual approval. Run kubectl certificate approve ${submitted}`,
      );
    },
  });
  const facts = readCertificate(cert);
  if (facts === undefined || !facts.isFor(key)) {
    const message = 'the cluster issued a serving certificate that is not for this key';
    throw new IdentityError('CERTIFICATE_UNUSABLE', message);
  }
  if (isAwaited) onPrompt('BOOTSTRAP: received TLS certificate approval: continuing');
  const pem = exportKey(key);
  await writePrivateFile(keyFile, pem);
  await writePrivateFile(certFile, cert);
  // Until both are written, the same key gets the same certificate again.
  await rm(pendingKeyFile, { force: true });
  return { cert, key: pem, facts, isOurs: true };
}

/** What is on disk; `undefined` when there is nothing that can be used. Rejects with `CERTIFICATE_UNUSABLE`. */
export async function loadServingIdentity(
  options: Pick<ServingIdentityOptions, 'nodeName' | 'certFile' | 'keyFile' | 'logger'>,
): Promise<ServingIdentity | undefined> {
  const { nodeName, certFile, keyFile, logger } = options;
  const [cert, key] = await Promise.all([readIfPresent(certFile), readIfPresent(keyFile)]);
  if (cert === undefined || key === undefined) return undefined;
  const facts = readCertificate(cert);
  const isOurs = facts?.commonName === nodeUser(nodeName) && facts.organizations.includes('system:nodes');
  if (facts !== undefined && fits(facts, key)) return { cert, key, facts, isOurs };
  if (isOurs) {
    logger.warn(
      { certFile, keyFile },
      'serving certificate and key do not belong together, asking for others',
    );
    return undefined;
  }
  throw new IdentityError(
    'CERTIFICATE_UNUSABLE',
    `${certFile} and ${keyFile} are not a certificate and its key in PEM; correct them, or remove both to have others made`,
  );
}

function fits(facts: CertificateFacts, key: string): boolean {
  try {
    return facts.isFor(createPrivateKey(key));
  } catch {
    return false;
  }
}

function covers(
  facts: CertificateFacts,
  { hostname, addresses }: Pick<ServingIdentityOptions, 'hostname' | 'addresses'>,
): boolean {
  const known = new Set(facts.ipAddresses.map(canonical));
  return (
    facts.dnsNames.includes(hostname) &&
    addresses.every((address) => isIP(address) === 0 || known.has(canonical(address)))
  );
}

/** One spelling for each IPv6 address. */
function canonical(address: string): string {
  return isIP(address) === 6 ? new SocketAddress({ address, family: 'ipv6' }).address : address;
}
