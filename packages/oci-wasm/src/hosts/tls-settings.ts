import { X509Certificate } from 'node:crypto';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { OciError } from '../errors.ts';

/** What TLS with one registry needs besides the system's certificate authorities. Texts are PEM. */
export interface RegistryTls {
  /** Certificate authorities that count in addition to the system's. */
  readonly ca?: string;
  /** What may be shown to the registry; the one that it takes is. */
  readonly clients?: readonly ClientCertificate[];
  /** The registry's certificate is not verified. @default false */
  readonly skipVerify?: boolean;
}

/** What a registry is shown that asks its clients for a certificate. */
export interface ClientCertificate {
  /** PEM, with its chain. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
}

/**
 * Reads PEM that is to be trusted or shown, so that a damaged file is told at once and not as "certificate not
 * trusted" later. `name` is for messages: a file, or the registry. Throws {@link OciError} `INVALID_CONFIG`.
 */
export function checkCertificates(pem: string, name: string): void {
  const blocks = pem.match(certificateBlock) ?? [];
  if (blocks.length === 0) throw invalid(name, 'has no certificate in it (-----BEGIN CERTIFICATE-----)');
  for (const [index, block] of blocks.entries()) {
    const problem = damageOf(block);
    if (problem === undefined) continue;
    throw invalid(name, `cannot be read: certificate ${index + 1} of ${blocks.length} is damaged`, problem);
  }
}

function damageOf(certificate: string): unknown {
  try {
    void new X509Certificate(certificate);
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Checks all of it, by making what connections are made with. Throws {@link OciError} `INVALID_CONFIG`. */
export function secureContextOf({ ca, clients = [] }: RegistryTls, name: string): SecureContext {
  if (ca !== undefined) checkCertificates(ca, name);
  for (const { cert } of clients) checkCertificates(cert, name);
  try {
    return createSecureContext({
      ...(ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] }),
      ...(clients.length === 0
        ? {}
        : { cert: clients.map(({ cert }) => cert), key: clients.map(({ key }) => key) }),
    });
  } catch (cause) {
    throw invalid(name, 'has a client certificate or key that cannot be used, or that do not fit', cause);
  }
}

const certificateBlock =
  /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]*-----END (?:TRUSTED )?CERTIFICATE-----/g;

function invalid(name: string, problem: string, cause?: unknown): OciError {
  return new OciError('INVALID_CONFIG', `${name} ${problem}; correct or remove it`, { cause });
}
