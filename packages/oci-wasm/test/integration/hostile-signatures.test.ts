import { describe, expect, test } from 'vitest';
import { failureOf } from '../fixtures/failure-of.ts';
import {
  byKey,
  demanding,
  keyless,
  other,
  otherDigest,
  publish,
  type Published,
  sigstore,
} from '../fixtures/signatures/published.ts';
import { bundleType, signByKey } from '../fixtures/signatures/sign.ts';
import { ociManifest } from '../registry/content-store.ts';

describe('a signature without a key', () => {
  test('does not count when any byte of it has been changed', async () => {
    const policy = await demanding(keyless);
    await using published = await publish();
    const text = JSON.stringify(sigstore.sign(published.descriptor.digest));
    // In every value, the middle one of its characters.
    const values = [...text.matchAll(/"(\w+)":"([^"]{8,})"/g)];
    const ignored = ['mediaType', 'rootHash', 'payloadType'];
    const taken: string[] = [];
    for (const { 1: name = '', 2: value = '', index } of values) {
      if (ignored.includes(name)) continue;
      const at = text.indexOf(value, index) + Math.floor(value.length / 2);
      const changed = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
      await using tampered = await publish();
      tampered.attach(changed);
      const { message } = await failureOf(tampered.verify(policy));
      if (!message.includes('has no signature that')) taken.push(name);
    }
    expect(taken).toEqual([]);
    expect(values.length).toBeGreaterThan(8);
  });
});

describe('a registry', () => {
  test('with 10,000 signatures is asked for 100 of them', async () => {
    await using published = await publish();
    const { registry } = published.session;
    attachMany(published, 10_000);
    registry.forget();
    const failure = await failureOf(published.verify(await demanding(byKey)));
    expect(failure).toMatchObject({ code: 'SIGNATURE_INVALID' });
    expect(failure.message).toContain('looked at: more than 100');
    expect(failure.message).toContain('and 95 more reasons');
    expect(failure.message.length).toBeLessThan(2_000);
    // A manifest and a bundle each, the artifact's own, and lists.
    expect(published.session.seen().length).toBeLessThan(250);
  });

  test('with attestations that are marked as such is not asked for them', async () => {
    await using published = await publish();
    const { digest } = published.descriptor;
    const annotations = { 'dev.sigstore.bundle.predicateType': 'https://slsa.dev/provenance/v1' };
    published.attach(signByKey(digest, other.privateKey), { annotations });
    published.session.registry.forget();
    expect(await failureOf(published.verify(await demanding(byKey)))).toMatchObject({
      code: 'SIGNATURE_MISSING',
    });
    expect(published.session.seen().filter((path) => path.includes('/blobs/'))).toEqual([]);
  });

  test('with a bundle of 100 MB is not asked for it', async () => {
    await using published = await publish();
    const { registry } = published.session;
    const huge = { mediaType: bundleType, digest: otherDigest, size: 100_000_000 };
    const empty = registry.content.addBlob('team/app', Buffer.from('{}'));
    registry.content.addManifest('team/app', 'huge', {
      schemaVersion: 2,
      mediaType: ociManifest,
      artifactType: bundleType,
      config: { mediaType: 'application/vnd.oci.empty.v1+json', ...empty },
      layers: [huge],
      subject: published.descriptor,
    });
    registry.forget();
    const failure = await failureOf(published.verify(await demanding(byKey)));
    expect(failure.message).toContain('has 100000000 bytes; at most 1048576 are read');
    expect(published.session.seen().some((path) => path.includes(otherDigest))).toBe(false);
  });

  test.each([
    ['no JSON', 'not json'],
    ['no bundle', '[]'],
    ['a bundle without a signature', JSON.stringify({ mediaType: bundleType })],
    ['JSON that is nested deep', '['.repeat(100_000)],
    ['one name twice', `{"mediaType":"${bundleType}","mediaType":"${bundleType}"}`],
  ])('with %s for a bundle has no signature there', async (_, text) => {
    await using published = await publish();
    published.attach(text);
    const failure = await failureOf(published.verify(await demanding(byKey, keyless)));
    expect(failure).toMatchObject({ code: 'SIGNATURE_INVALID' });
    expect(failure.message).toContain('it cannot be read');
  });

  test('with too many log entries in a bundle has no signature there', async () => {
    await using published = await publish();
    const bundle = sigstore.sign(published.descriptor.digest) as unknown as {
      verificationMaterial: { tlogEntries: object[] };
    };
    const { tlogEntries } = bundle.verificationMaterial;
    bundle.verificationMaterial.tlogEntries = Array.from({ length: 9 }, () => tlogEntries[0] ?? {});
    published.attach(JSON.stringify(bundle));
    expect((await failureOf(published.verify(await demanding(keyless)))).message).toContain(
      'more than 8 log entries',
    );
  });

  test('that fails is not one without signatures', async () => {
    await using published = await publish();
    published.session.registry.fail({ path: /referrers/ }, { kind: 'status', status: 503 });
    expect(await failureOf(published.verify(await demanding(byKey)))).toMatchObject({ code: 'UNAVAILABLE' });
  });
});

/** Signatures by others, more than anybody would look at. */
function attachMany({ session, descriptor }: Published, count: number): void {
  const { content } = session.registry;
  const empty = content.addBlob('team/app', Buffer.from('{}'));
  const bytes = Buffer.from(JSON.stringify(signByKey(descriptor.digest, other.privateKey)));
  const layer = content.addBlob('team/app', bytes);
  for (let index = 0; index < count; index += 1) {
    content.addManifest('team/app', 'signature', {
      schemaVersion: 2,
      mediaType: ociManifest,
      artifactType: bundleType,
      config: { mediaType: 'application/vnd.oci.empty.v1+json', ...empty },
      layers: [{ mediaType: bundleType, ...layer }],
      subject: descriptor,
      annotations: { number: String(index) },
    });
  }
}
