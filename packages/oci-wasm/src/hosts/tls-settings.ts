import { X509Certificate } from 'node:crypto';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { OciError } from '../errors.ts';

/** What TLS with one registry needs besides the system's certificate authorities. Texts are PEM. */
export interface RegistryTls {
  /** Certificate authorities that count in addition to the system's. */
  readonly ca?: string;
  /** Certificate chain to show to the registry; with `key`. */
  readonly cert?: string;
  readonly key?: string;
  /** The registry's certificate is not verified. @default false */
  readonly skipVerify?: boolean;
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
export function secureContextOf({ ca, cert, key }: RegistryTls, name: string): SecureContext {
  if (ca !== undefined) checkCertificates(ca, name);
  if (cert !== undefined) checkCertificates(cert, name);
  if ((cert === undefined) !== (key === undefined)) {
    throw invalid(name, 'needs both a client certificate and its key');
  }
  try {
    return createSecureContext({
      ...(ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
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
