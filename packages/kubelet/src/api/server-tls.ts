import { constants } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { isCertificateBundle } from '../certificates/certificate-facts.ts';
import { ApiError } from './api-error.ts';

export interface ServerTls {
  /** PEM. */
  readonly key: string;
  /** PEM; the server's certificate first, intermediates after it. */
  readonly cert: string;
  /** PEM bundle of the CAs whose clients are believed. Absent: no client certificate is. */
  readonly clientCa?: string;
}

/** Throws `ApiError` `INVALID_TLS`, so that what it returns can be used. */
export function secureContextOptions({ key, cert, clientCa }: ServerTls): SecureContextOptions {
  const options: SecureContextOptions = {
    key,
    cert,
    // Without a value the public CAs of the web would be believed.
    ca: clientCa ?? [],
    minVersion: 'TLSv1.2',
    // Every connection shows its certificate to the CAs of today.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
  try {
    createSecureContext(options);
  } catch (cause) {
    throw new ApiError(
      'INVALID_TLS',
      `the server's key and certificate cannot be used (${(cause as Error).message}): both are PEM texts that belong together, the key without a passphrase`,
      { cause },
    );
  }
  // OpenSSL passes over what it cannot read, which would leave clients out without a word.
  if (clientCa !== undefined && !isCertificateBundle(clientCa)) {
    const message = 'the client CA cannot be used: it is a bundle of one or more certificates in PEM';
    throw new ApiError('INVALID_TLS', message);
  }
  return options;
}
