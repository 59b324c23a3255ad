import 'reflect-metadata';
import { generateKeyPair, type KeyObject, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** PEM texts. */
export interface KeyAndCert {
  readonly key: string;
  readonly cert: string;
}

export interface IssueOptions {
  /** Attributes in their order: `[{ O: ['a'] }, { CN: ['b'] }]`. */
  readonly subject: readonly Readonly<Record<string, string[]>>[];
  readonly usage?: 'client' | 'server';
  readonly notAfter?: Date;
}

/** Signs certificates for one test. */
export interface Authority {
  /** PEM. */
  readonly cert: string;
  issue(options: IssueOptions): Promise<KeyAndCert>;
  client(user: string, ...groups: string[]): Promise<KeyAndCert>;
  /** For 127.0.0.1. */
  server(name?: string): Promise<KeyAndCert>;
}

const signingAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const minuteMs = 60_000;

export async function createAuthority(name = 'test'): Promise<Authority> {
  const keys = await newKeys();
  const root = await X509CertificateGenerator.createSelfSigned({
    ...validity(),
    name: [{ CN: [name] }],
    keys: keys.crypto,
    signingAlgorithm,
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
  });

  const issue: Authority['issue'] = async ({ subject, usage = 'client', notAfter }) => {
    const { crypto, key } = await newKeys();
    const certificate = await X509CertificateGenerator.create({
      ...validity(notAfter),
      subject: [...subject],
      issuer: root.subject,
      publicKey: crypto.publicKey,
      signingKey: keys.crypto.privateKey,
      signingAlgorithm,
      extensions: [
        new ExtendedKeyUsageExtension([ExtendedKeyUsage[`${usage}Auth`]]),
        new SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }]),
      ],
    });
    return { key, cert: certificate.toString('pem') };
  };

  return {
    cert: root.toString('pem'),
    issue,
    client: (user, ...groups) =>
      issue({ subject: [...groups.map((group) => ({ O: [group] })), { CN: [user] }] }),
    server: (commonName = 'system:node:node-1') =>
      issue({ subject: [{ CN: [commonName] }], usage: 'server' }),
  };
}

function validity(notAfter = new Date(Date.now() + 60 * minuteMs)) {
  const serial = randomBytes(12);
  serial[0] = (serial[0] ?? 0) & 0x7f; // a positive number
  return {
    serialNumber: serial.toString('hex'),
    notBefore: new Date(Math.min(Date.now(), notAfter.getTime()) - 60 * minuteMs),
    notAfter,
  };
}

async function newKeys() {
  const pair = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  return {
    key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    crypto: {
      privateKey: toCrypto(pair.privateKey, 'sign'),
      publicKey: toCrypto(pair.publicKey, 'verify'),
    },
  };
}

function toCrypto(key: KeyObject, usage: 'sign' | 'verify') {
  return key.toCryptoKey(signingAlgorithm, true, [usage]);
}
