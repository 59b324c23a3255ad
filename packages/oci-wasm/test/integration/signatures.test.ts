import { createHash, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseSignaturePolicy, type SignaturePolicy, verifySignatures } from '../../src/index.ts';
import { failureOf } from '../fixtures/failure-of.ts';
import { all } from '../fixtures/repository.ts';
import {
  byKey,
  demanding,
  key,
  keyless,
  other,
  otherDigest,
  pemOf,
  publish,
  type Published,
  ruleOf,
} from '../fixtures/signatures/published.ts';
import {
  attachSimple,
  type Bundle,
  bundleType,
  signByKey,
  simplePayload,
} from '../fixtures/signatures/sign.ts';
import { newKeyPair } from '../fixtures/signatures/sigstore-in-a-box.ts';

describe('an artifact that cosign has signed', async () => {
  interface Golden {
    readonly digest: string;
    readonly keys: Readonly<Record<string, GoldenKey>>;
  }
  interface GoldenKey {
    readonly publicKey: string;
    readonly bundle: Bundle;
    readonly simple: { readonly payload: string; readonly signature: string };
  }
  const file = join(import.meta.dirname, '../fixtures/signatures/cosign.json');
  const { digest, keys } = JSON.parse(await readFile(file, 'utf8')) as Golden;

  describe.each(Object.entries(keys))('with %s', (_, { publicKey, bundle, simple }) => {
    test('is taken for its bundle', async () => {
      await using published = await publish();
      expect(published.descriptor.digest).toBe(digest);
      published.attach(bundle);
      const [verified] = await published.verify(await demanding({ key: { data: publicKey } }));
      expect(verified).toMatchObject({
        policy: 'ours',
        authority: 'authority-0',
        signature: { tag: undefined },
      });
      expect(await failureOf(published.verify(await demanding(byKey)))).toMatchObject({
        code: 'SIGNATURE_INVALID',
      });
    });

    test('is taken for the signature under its tag', async () => {
      await using published = await publish();
      attachSimple(published.session.registry, published.descriptor, simple.payload, {
        'dev.cosignproject.cosign/signature': simple.signature,
      });
      const [verified] = await published.verify(await demanding({ key: { data: publicKey } }));
      expect(verified?.signature?.tag).toBe(`${digest.replace(':', '-')}.sig`);
    });
  });
});

describe('an artifact', () => {
  test('that is not signed is refused', async () => {
    await using published = await publish();
    const failure = await failureOf(published.verify(await demanding(byKey)));
    expect(failure).toMatchObject({
      code: 'SIGNATURE_MISSING',
      message: expect.stringMatching(
        /team\/app:v1@sha256:\w{64} has no signature, .*"ours".*; sign it/,
      ) as string,
    });
  });

  test.each([
    [
      'by another key',
      (digest: string) => signByKey(digest, other.privateKey),
      'not by release: signature verification failed',
    ],
    [
      'as another artifact',
      () => signByKey(otherDigest, key.privateKey),
      'it signs something else than this manifest',
    ],
    [
      'in an attestation',
      (digest: string) =>
        signByKey(digest, key.privateKey, { predicateType: 'https://slsa.dev/provenance/v1' }),
      'it is an attestation, and no signature',
    ],
  ])('that is signed %s is refused, with the reason', async (_, bundleFor, reason) => {
    await using published = await publish();
    published.attach(bundleFor(published.descriptor.digest));
    const failure = await failureOf(published.verify(await demanding(byKey)));
    expect(failure).toMatchObject({ code: 'SIGNATURE_INVALID' });
    expect(failure.message).toContain(reason);
    expect(failure.message).toContain('looked at: 1');
  });

  test('is taken when one of many signatures is right, by one of several keys', async () => {
    await using published = await publish();
    const { digest } = published.descriptor;
    published.attach(signByKey(digest, other.privateKey));
    published.attach('{}');
    published.attach(signByKey(digest, key.privateKey));
    const two = { name: 'two', key: { data: pemOf(newKeyPair()) + pemOf(key) } };
    expect(await published.verify(await demanding(keyless, two))).toMatchObject([{ authority: 'two' }]);
  });

  test('has to satisfy each policy that is for it', async () => {
    await using published = await publish();
    const { digest } = published.descriptor;
    const rules = [
      ruleOf('a', '**', key),
      ruleOf('b', '**/team/*', other),
      ruleOf('c', '**/others/*', newKeyPair()),
    ];
    const policy = await parseSignaturePolicy({ policies: rules });
    published.attach(signByKey(digest, key.privateKey));
    expect((await failureOf(published.verify(policy))).message).toContain('the signature policy "b"');
    published.attach(signByKey(digest, other.privateKey));
    expect((await published.verify(policy)).map(({ policy: name }) => name)).toEqual(['a', 'b']);
  });

  test('is taken or refused by policies without looking at signatures', async () => {
    await using published = await publish();
    published.session.registry.forget();
    expect(await published.verify(await parseSignaturePolicy({ default: 'pass' }))).toEqual([]);
    const pass = { name: 'all', static: { action: 'pass' } };
    expect(await published.verify(await demanding(byKey, pass))).toMatchObject([{ authority: 'all' }]);
    for (const policy of [await parseSignaturePolicy({}), await demanding({ static: { action: 'fail' } })]) {
      expect(await failureOf(published.verify(policy))).toMatchObject({ code: 'SIGNATURE_DENIED' });
    }
    expect(published.session.seen()).toEqual([]);
  });

  test('is taken for a signature of the bytes of its manifest', async () => {
    await using published = await publish();
    const { registry } = published.session;
    const bytes = registry.content.manifest('team/app', 'v1')?.bytes ?? new Uint8Array();
    const bundleOver = (signed: Uint8Array): Bundle => ({
      mediaType: bundleType,
      verificationMaterial: { publicKey: { hint: '' } },
      messageSignature: {
        messageDigest: { algorithm: 'SHA2_256', digest: createHash('sha256').update(bytes).digest('base64') },
        signature: sign('sha256', signed, key.privateKey).toString('base64'),
      },
    });
    published.attach(bundleOver(Buffer.from('something else')));
    const policy = await demanding(byKey);
    expect(await failureOf(published.verify(policy))).toMatchObject({ code: 'SIGNATURE_INVALID' });
    published.attach(bundleOver(bytes));
    expect(await published.verify(policy)).toHaveLength(1);
  });

  test('is not taken for a signature under its tag that is of another', async () => {
    await using published = await publish();
    const payload = simplePayload(otherDigest);
    attachSimple(published.session.registry, published.descriptor, payload, {
      'dev.cosignproject.cosign/signature': sign('sha256', Buffer.from(payload), key.privateKey).toString(
        'base64',
      ),
    });
    expect((await failureOf(published.verify(await demanding(byKey)))).message).toContain(
      'something else than this manifest',
    );
  });
});

describe('a pull under a policy', () => {
  test('transfers nothing of an artifact that is not signed', async () => {
    await using published = await publish();
    const { session } = published;
    const signaturePolicy = await demanding(byKey);
    expect(await failureOf(session.pull({ signaturePolicy }))).toMatchObject({ code: 'SIGNATURE_MISSING' });
    expect(session.seen().filter((path) => path.includes('/blobs/'))).toEqual([]);
    expect(await all(session.store.list())).toEqual([]);
  });

  test.each([
    [
      'as bundles',
      ({ attach, descriptor }: Published) => void attach(signByKey(descriptor.digest, key.privateKey)),
    ],
    [
      'under a tag',
      ({ session, descriptor }: Published) => {
        const payload = simplePayload(descriptor.digest);
        attachSimple(session.registry, descriptor, payload, {
          'dev.cosignproject.cosign/signature': sign('sha256', Buffer.from(payload), key.privateKey).toString(
            'base64',
          ),
        });
      },
    ],
  ])(
    'keeps the signatures that there are %s, so that the store can be asked without a registry',
    async (_, attach) => {
      await using published = await publish();
      const { session, descriptor } = published;
      attach(published);
      // Nobody asks for this one.
      published.attach(signByKey(descriptor.digest, other.privateKey));
      const signaturePolicy = await demanding(byKey);
      const { digest } = await session.pull({ signaturePolicy });
      await session.registry[Symbol.asyncDispose]();

      await session.store.collectGarbage({ minimumAgeMs: 0 });
      const reference = session.reference();
      const verify = (policy: SignaturePolicy) =>
        verifySignatures({ source: session.store, reference, descriptor, policy });
      expect(digest).toBe(descriptor.digest);
      expect(await verify(signaturePolicy)).toMatchObject([{ authority: 'release' }]);
      const others = await demanding({ key: { data: pemOf(other) } });
      expect(await failureOf(verify(others))).toMatchObject({ code: 'SIGNATURE_INVALID' });
      expect(await all(session.store.verify())).toEqual([]);
    },
  );
});
