import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import type * as X509 from '@peculiar/x509';

/** What a certificate is to say and be good for. */
export interface SigningRequest {
  readonly key: KeyObject;
  readonly commonName: string;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly signerName: string;
  readonly usages: readonly string[];
}

const organization = 'system:nodes';

export const clientSigner = 'kubernetes.io/kube-apiserver-client-kubelet';
export const servingSigner = 'kubernetes.io/kubelet-serving';

/** For a node to talk to the API server. */
export function clientRequest(nodeName: string, key: KeyObject): SigningRequest {
  return {
    key,
    commonName: nodeUser(nodeName),
    dnsNames: [],
    ipAddresses: [],
    signerName: clientSigner,
    usages: ['digital signature', 'client auth'],
  };
}

/** For a node to be talked to. */
export function servingRequest(
  nodeName: string,
  hostname: string,
  addresses: readonly string[],
  key: KeyObject,
): SigningRequest {
  return {
    key,
    commonName: nodeUser(nodeName),
    dnsNames: [hostname],
    ipAddresses: addresses.filter((address) => isIP(address) !== 0),
    signerName: servingSigner,
    usages: ['digital signature', 'server auth'],
  };
}

/** The user that a node is: CN of its certificates. */
export function nodeUser(nodeName: string): string {
  return `system:node:${nodeName}`;
}

/** Hexadecimal digest of key, names and usages: the same request gets the same digest after a restart. */
export function requestDigest(request: SigningRequest): string {
  const { key, commonName, dnsNames, ipAddresses, usages } = request;
  const hash = createHash('sha256').update(publicKeyBytes(key));
  hash.update(JSON.stringify([commonName, organization, dnsNames, ipAddresses, usages]));
  return hash.digest('hex');
}

/** PKCS #10 in PEM. */
export async function encodeRequest(request: SigningRequest): Promise<string> {
  const { key, commonName, dnsNames, ipAddresses } = request;
  const x509 = await loadX509();
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const names = [
    ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...ipAddresses.map((value) => ({ type: 'ip' as const, value })),
  ];
  const encoded = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ O: [organization] }, { CN: [commonName] }],
    keys: {
      privateKey: key.toCryptoKey(algorithm, true, ['sign']),
      publicKey: createPublicKey(key).toCryptoKey(algorithm, true, ['verify']),
    },
    signingAlgorithm: algorithm,
    ...(names.length === 0 ? {} : { extensions: [new x509.SubjectAlternativeNameExtension(names)] }),
  });
  return encoded.toString('pem');
}

/** Whether an encoded request (PEM) is one for the same key and the same names. */
export async function isSameRequest(pem: string, request: SigningRequest): Promise<boolean> {
  const x509 = await loadX509();
  const ours = new x509.Pkcs10CertificateRequest(await encodeRequest(request));
  let theirs: typeof ours;
  try {
    theirs = new x509.Pkcs10CertificateRequest(pem);
  } catch {
    return false;
  }
  const extensions = (encoded: typeof ours): string =>
    encoded.extensions.map((extension) => Buffer.from(extension.rawData).toString('hex')).join();
  return (
    theirs.subject === ours.subject &&
    Buffer.from(theirs.publicKey.rawData).equals(publicKeyBytes(request.key)) &&
    extensions(theirs) === extensions(ours)
  );
}

function publicKeyBytes(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}

/** Needed twice in a node's year, so not loaded with the rest. */
async function loadX509(): Promise<typeof X509> {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}
