import { type KeyObject, X509Certificate } from 'node:crypto';

/** What the node looks at in a certificate. */
export interface CertificateFacts {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  isFor(key: KeyObject): boolean;
}

/** Reads the first certificate of a PEM text; `undefined` when there is none. */
export function readCertificate(pem: string): CertificateFacts | undefined {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch {
    return undefined;
  }
  const alternatives = (certificate.subjectAltName ?? '').split(', ');
  return {
    commonName: attributes(certificate.subject, 'CN')[0] ?? '',
    organizations: attributes(certificate.subject, 'O'),
    dnsNames: withPrefix(alternatives, 'DNS:'),
    ipAddresses: withPrefix(alternatives, 'IP Address:'),
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate,
    isFor: (key) => certificate.checkPrivateKey(key),
  };
}

/** Whether a PEM text is one certificate or several, each of which can be read. */
export function isCertificateBundle(pem: string): boolean {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs) ?? [];
  return blocks.length > 0 && blocks.every((block) => readCertificate(block) !== undefined);
}

/** `O=system:nodes\nCN=system:node:n1`, one attribute in each line. */
function attributes(subject: string, type: string): readonly string[] {
  return withPrefix(subject.split('\n'), `${type}=`);
}

function withPrefix(values: readonly string[], prefix: string): readonly string[] {
  return values.filter((value) => value.startsWith(prefix)).map((value) => value.slice(prefix.length));
}
