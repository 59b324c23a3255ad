import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isRecord } from '../content/read-descriptor.ts';
import { parseStrictJson } from '../content/strict-json.ts';
import type { PolicyPlace } from './policy-place.ts';
import type { SignatureAuthority, SignerIdentity } from './signature-policy.ts';
import { signingHashes } from './signed-content.ts';
import { keylessProblem, parseTrustRoot, type TrustRoot } from './trust-root.ts';

/** One of `key`, `keyless` and `static`, as policy-controller has them. Rejects with `OciError` `INVALID_CONFIG`. */
export async function readAuthority(
  value: unknown,
  fallbackName: string,
  place: PolicyPlace,
): Promise<SignatureAuthority> {
  const fields = place.fields(value, ['name', 'key', 'keyless', 'static']);
  const name = place.at('.name').text(fields.name ?? fallbackName);
  const given = [fields.key, fields.keyless, fields.static].filter((field) => field !== undefined);
  if (given.length !== 1) throw place.invalid('must have one of key, keyless, static');
  if (fields.key !== undefined) {
    const here = place.at('.key');
    const { data, file, trustRoot } = here.fields(fields.key, ['data', 'file', 'trustRoot']);
    if ((data === undefined) === (file === undefined)) {
      throw here.invalid('must have data, a public key in PEM, or file, the path of one');
    }
    const keys =
      data === undefined
        ? readKeys(await readNamed(file, here.at('.file')), here.at('.file'))
        : readKeys(here.at('.data').text(data), here.at('.data'));
    const root = trustRoot === undefined ? undefined : await readTrustRoot(trustRoot, here.at('.trustRoot'));
    return { kind: 'key', name, keys, trustRoot: root };
  }
  if (fields.keyless !== undefined) {
    const here = place.at('.keyless');
    const { identities, trustRoot } = here.fields(fields.keyless, ['identities', 'trustRoot']);
    const read = here
      .at('.identities')
      .entries(identities)
      .map(([identity, at]) => readIdentity(identity, at));
    const root = await readTrustRoot(trustRoot, here.at('.trustRoot'));
    const problem = keylessProblem(root);
    if (problem !== undefined) throw here.at('.trustRoot').invalid(problem);
    return { kind: 'keyless', name, identities: read, trustRoot: root };
  }
  const here = place.at('.static');
  const { action } = here.fields(fields.static, ['action']);
  if (action !== 'pass' && action !== 'fail') throw here.at('.action').invalid('must be "pass" or "fail"');
  return { kind: 'static', name, action };
}

const minRsaBits = 2048;
const keyPattern = /-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g;

function readKeys(pem: string, place: PolicyPlace): readonly KeyObject[] {
  const blocks = [...pem.matchAll(keyPattern)];
  const other = blocks.find(([, label]) => label !== 'PUBLIC KEY' && label !== 'RSA PUBLIC KEY');
  if (blocks.length === 0 || other !== undefined) {
    throw place.invalid(
      `must be public keys in PEM (-----BEGIN PUBLIC KEY-----)${other ? `, and has a ${other[1]}` : ''}`,
    );
  }
  return blocks.map(([block]) => {
    let key: KeyObject;
    try {
      key = createPublicKey(block);
    } catch (cause) {
      throw place.invalid(`has a key that cannot be read: ${(cause as Error).message}`, cause);
    }
    if (key.asymmetricKeyType === 'ed25519') {
      throw place.invalid(
        'has an Ed25519 key, whose signatures by cosign (Ed25519ph) Node.js cannot verify; use ECDSA on a NIST curve',
      );
    }
    const { modulusLength = minRsaBits } = key.asymmetricKeyDetails ?? {};
    if (signingHashes(key).length === 0 || modulusLength < minRsaBits) {
      throw place.invalid(
        `has a key of a kind that is not supported; use ECDSA on a NIST curve, or RSA of ${minRsaBits} bits or more`,
      );
    }
    return key;
  });
}

/** What means something else, without an error, to Go. */
const goOnly = /\\[AzQEpPC]|\[\[?:/;

/** Whom an identity does not name, anybody could be: both sides are wanted, if only as the pattern `.*`. */
function readIdentity(value: unknown, place: PolicyPlace): SignerIdentity {
  const { issuer, issuerRegExp, subject, subjectRegExp } = place.fields(value, [
    'issuer',
    'issuerRegExp',
    'subject',
    'subjectRegExp',
  ]);
  const one = (name: string, text: unknown, pattern: unknown): string | RegExp => {
    if ((text === undefined) === (pattern === undefined)) {
      throw place.invalid(`must have one of ${name}, the whole text, and ${name}RegExp, a pattern`);
    }
    if (text !== undefined) return place.at(`.${name}`).text(text);
    const here = place.at(`.${name}RegExp`);
    const written = here.text(pattern);
    const [foreign] = goOnly.exec(written) ?? [];
    if (foreign !== undefined) {
      throw here.invalid(`has "${foreign}" in it, which JavaScript's regular expressions do not know`);
    }
    try {
      return new RegExp(written);
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause;
      throw here.invalid(cause.message, cause);
    }
  };
  return {
    issuer: one('issuer', issuer, issuerRegExp),
    subject: one('subject', subject, subjectRegExp),
  };
}

/** The path of a file, or what would be in it. */
async function readTrustRoot(value: unknown, place: PolicyPlace): Promise<TrustRoot> {
  if (value === undefined) throw place.invalid('must be the path of a trusted_root.json');
  if (isRecord(value)) return parseTrustRoot(value, place);
  const text = await readNamed(value, place);
  try {
    return parseTrustRoot(parseStrictJson(Buffer.from(text)), place);
  } catch (cause) {
    throw cause instanceof SyntaxError ? place.invalid(cause.message, cause) : cause;
  }
}

const maxFileBytes = 1024 * 1024;

async function readNamed(path: unknown, place: PolicyPlace): Promise<string> {
  const file = resolve(place.directory, place.text(path));
  try {
    const text = await readFile(file, 'utf8');
    if (text.length > maxFileBytes) throw new Error(`it is larger than ${maxFileBytes} bytes`);
    return text;
  } catch (cause) {
    throw place.invalid(`${file} cannot be read: ${(cause as Error).message}`, cause);
  }
}
