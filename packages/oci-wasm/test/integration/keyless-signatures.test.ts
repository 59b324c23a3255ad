import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { failureOf } from '../fixtures/failure-of.ts';
import {
  byKey,
  demanding,
  key,
  keyless,
  pemOf,
  publish,
  sigstore,
} from '../fixtures/signatures/published.ts';
import { attachSimple, type Bundle, signByKey, simplePayload } from '../fixtures/signatures/sign.ts';
import { createSigstore } from '../fixtures/signatures/sigstore-in-a-box.ts';

const foreignSigstore = createSigstore();
/** With a time by `openssl ts`. */
const timestamped = JSON.parse(
  await readFile(join(import.meta.dirname, '../fixtures/signatures/timestamped.json'), 'utf8'),
) as { readonly trustedRoot: unknown; readonly bundle: Readonly<Record<string, Bundle>> };

describe('a signature without a key', () => {
  test('counts when its certificate is for one of the identities', async () => {
    await using published = await publish();
    published.attach(sigstore.sign(published.descriptor.digest));
    expect(await published.verify(await demanding(keyless))).toMatchObject([{ authority: 'ci' }]);
    const patterns = [{ issuerRegExp: 'actions\\.example', subjectRegExp: '^https://example\\.com/team/' }];
    const trustRoot = sigstore.trustedRoot;
    expect(
      await published.verify(await demanding({ keyless: { identities: patterns, trustRoot } })),
    ).toHaveLength(1);
  });

  test('counts under the tag as well', async () => {
    await using published = await publish();
    const payload = simplePayload(published.descriptor.digest);
    attachSimple(published.session.registry, published.descriptor, payload, sigstore.signPayload(payload));
    expect(await published.verify(await demanding(keyless))).toHaveLength(1);
  });

  test('counts with a time of a timestamp authority alone, where the trust root lists no logs', async () => {
    const { trustedRoot: trustRoot, bundle } = timestamped;
    const policy = await demanding({ keyless: { ...keyless.keyless, trustRoot } });
    await using published = await publish();
    published.attach(bundle);
    expect(await published.verify(policy)).toHaveLength(1);
  });

  test.each([
    ['has been left out', undefined, 'expected 1 timestamps, got 0'],
    ['is of another signature', 'another', 'timestamp could not be verified'],
  ])('does not count when its time %s', async (_, how, reason) => {
    const { trustedRoot: trustRoot, bundle } = timestamped;
    const { dsseEnvelope, verificationMaterial: material } = bundle;
    const policy = await demanding({ keyless: { ...keyless.keyless, trustRoot } });
    await using published = await publish();
    const envelope = { ...dsseEnvelope, signatures: [{ sig: Buffer.from('another').toString('base64') }] };
    published.attach(
      how === undefined
        ? { ...bundle, verificationMaterial: { certificate: material?.['certificate'] } }
        : { ...bundle, dsseEnvelope: envelope },
    );
    expect((await failureOf(published.verify(policy))).message).toContain(reason);
  });

  test.each([
    [
      'is for another subject',
      () => sigstore,
      { subject: 'https://example.com/fork/app' },
      'it is signed by "https://example.com/fork/app"',
    ],
    [
      'is by another issuer',
      () => sigstore,
      { issuer: 'https://issuer.example.com' },
      'of "https://issuer.example.com"',
    ],
    ['is by another authority', () => foreignSigstore, {}, 'not by ci: Failed to verify certificate chain'],
    ['had expired', () => sigstore, { afterMs: 3_600_000 }, 'not by ci: Failed to verify certificate chain'],
    [
      'has no time that anybody vouches for',
      () => sigstore,
      { timed: false },
      'expected 1 timestamps, got 0',
    ],
    ['is in no log of certificates', () => sigstore, { logged: false }, 'expected 1 SCTs, got 0'],
  ])('does not count when its certificate %s', async (_, from, options, reason) => {
    await using published = await publish();
    published.attach(from().sign(published.descriptor.digest, options));
    const failure = await failureOf(published.verify(await demanding(keyless)));
    expect(failure).toMatchObject({ code: 'SIGNATURE_INVALID' });
    expect(failure.message).toContain(reason);
  });

  test('does not count for an authority with a key, nor one with a key without', async () => {
    await using published = await publish();
    const { digest } = published.descriptor;
    published.attach(sigstore.sign(digest));
    expect((await failureOf(published.verify(await demanding(byKey)))).message).toContain('not by release');
    await using signed = await publish();
    signed.attach(signByKey(digest, key.privateKey));
    expect((await failureOf(signed.verify(await demanding(keyless)))).message).toContain('not by ci');
  });

  test('has to be in the log where an authority with a key names a trust root', async () => {
    await using published = await publish();
    published.attach(signByKey(published.descriptor.digest, key.privateKey));
    const policy = await demanding({ key: { data: pemOf(key), trustRoot: sigstore.trustedRoot } });
    expect((await failureOf(published.verify(policy))).message).toContain('expected 1 tlog entries, got 0');
  });
});
