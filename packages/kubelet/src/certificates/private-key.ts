import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { IdentityError } from './identity-error.ts';
import { readIfPresent, writePrivateFile } from './private-file.ts';

/**
 * The ECDSA P-256 key at `path`, made when it is not there. It is on disk before anything is asked for it, so
 * that a certificate that arrives after a crash still fits.
 */
export async function loadOrCreateKey(path: string): Promise<KeyObject> {
  const existing = await readIfPresent(path);
  if (existing !== undefined) return parseKey(existing, path);
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  await writePrivateFile(path, exportKey(privateKey));
  return privateKey;
}

export function exportKey(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function parseKey(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    const message = `${path} is not a private key in PEM; remove it to have another one made`;
    throw new IdentityError('CERTIFICATE_UNUSABLE', message, { cause });
  }
}
