import { describe, expect, test } from 'vitest';
import type { Descriptor, Repository } from '../../src/index.ts';
import { addArtifact, emptyModule } from '../fixtures/artifacts.ts';
import { failureOf } from '../fixtures/failure-of.ts';
import { all, attach, manifestOf, referrerTo } from '../fixtures/repository.ts';
import { openSession, type Session } from '../fixtures/session.ts';
import { ociIndex } from '../registry/content-store.ts';

const signature = 'application/vnd.example.signature';
const sbom = 'application/vnd.example.sbom';

async function subjectIn({ registry, client }: Session): Promise<{
  readonly repository: Repository;
  readonly subject: Descriptor;
}> {
  addArtifact(registry, emptyModule);
  const repository = client.repository({ registry: registry.host, repository: 'team/app' });
  const subject = await repository.resolve({ registry: registry.host, repository: 'team/app', tag: 'v1' });
  return { repository, subject };
}

const fallbackTag = ({ digest }: Descriptor): string => digest.replace(':', '-');

describe.each(['none', 'plain', 'filtering'] as const)('with referrers API: %s, referrers', (referrers) => {
  test('are what has been pushed with that subject', async () => {
    await using session = await openSession({ referrers });
    const { repository, subject } = await subjectIn(session);
    expect(await all(repository.referrers(subject))).toEqual([]);
    const signed = referrerTo(subject, signature, 'by me');
    const listed = referrerTo(subject, sbom);
    await attach(repository, signed);
    await attach(repository, listed);

    const found = await all(repository.referrers(subject));
    expect(found.map(({ digest }) => digest).toSorted()).toEqual(
      [signed.descriptor.digest, listed.descriptor.digest].toSorted(),
    );
    expect(await all(repository.referrers(subject, { artifactType: signature }))).toEqual([
      { ...signed.descriptor, artifactType: signature, annotations: { note: 'by me' } },
    ]);
    expect(await all(repository.referrers(signed.descriptor))).toEqual([]);
    const isTagged = session.registry.content.manifest('team/app', fallbackTag(subject)) !== undefined;
    expect(isTagged).toBe(referrers === 'none');
  });

  test('are no longer listed when they are deleted', async () => {
    await using session = await openSession({ referrers });
    const { repository, subject } = await subjectIn(session);
    const [first, second] = [referrerTo(subject, signature, '1'), referrerTo(subject, signature, '2')];
    await attach(repository, first);
    await attach(repository, second);
    await repository.delete(first.descriptor);
    const found = await all(repository.referrers(subject));
    expect(found.map(({ digest }) => digest)).toEqual([second.descriptor.digest]);
    expect(await repository.has(first.descriptor)).toBe(false);
  });
});

describe('a fallback tag', () => {
  test('lists all that are pushed at the same time', async () => {
    await using session = await openSession();
    const { repository, subject } = await subjectIn(session);
    const other = session.client.repository({ registry: session.registry.host, repository: 'team/app' });
    const pushed = Array.from({ length: 8 }, (_, index) => referrerTo(subject, signature, `${index}`));
    await attach(repository, referrerTo(subject, sbom));
    // Two writers that do not know of each other, each with four at once.
    await Promise.all(pushed.map((manifest, index) => attach(index % 2 ? repository : other, manifest)));
    expect(await all(repository.referrers(subject, { artifactType: signature }))).toHaveLength(8);
  });

  test('is read again when it has changed in between', async () => {
    await using session = await openSession();
    const { repository, subject } = await subjectIn(session);
    session.registry.fail({ method: 'PUT', path: /sha256-/ }, { kind: 'status', status: 412 }, { times: 2 });
    await attach(repository, referrerTo(subject, signature));
    expect(await all(repository.referrers(subject))).toHaveLength(1);
  });

  test('that others change without end is given up', async () => {
    await using session = await openSession();
    const { repository, subject } = await subjectIn(session);
    session.registry.fail({ method: 'PUT', path: /sha256-/ }, { kind: 'status', status: 412 });
    expect(await failureOf(attach(repository, referrerTo(subject, signature)))).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('push again') as string,
    });
  });

  test('keeps what it lists that is not understood', async () => {
    await using session = await openSession();
    const { repository, subject } = await subjectIn(session);
    const foreign = { digest: 'blake3:00', note: 1 };
    const index = { schemaVersion: 2, mediaType: ociIndex, manifests: [foreign] };
    session.registry.content.addManifest('team/app', fallbackTag(subject), index, ociIndex);
    await attach(repository, referrerTo(subject, signature));
    const kept = session.registry.content.manifest('team/app', fallbackTag(subject))?.bytes ?? Buffer.of();
    expect(JSON.parse(Buffer.from(kept).toString())).toMatchObject({ manifests: [foreign, {}] });
    expect(await all(repository.referrers(subject))).toHaveLength(1);
  });

  test('of a sha512 subject has no more than 64 digits', async () => {
    await using session = await openSession();
    const { repository } = await subjectIn(session);
    const hex = 'ab'.repeat(64);
    const subject = { ...manifestOf({}).descriptor, digest: `sha512:${hex}` };
    await attach(repository, referrerTo(subject, signature));
    expect(session.registry.content.manifest('team/app', `sha512-${hex.slice(0, 64)}`)).toBeDefined();
    expect(await all(repository.referrers(subject))).toHaveLength(1);
  });

  test('that is something else is an error', async () => {
    await using session = await openSession();
    const { repository, subject } = await subjectIn(session);
    session.registry.content.addManifest('team/app', fallbackTag(subject), '[]');
    expect(await failureOf(all(repository.referrers(subject)))).toMatchObject({ code: 'INVALID_RESPONSE' });
  });
});

test('an answer for people is taken for a registry without the API', async () => {
  await using session = await openSession();
  const { repository, subject } = await subjectIn(session);
  const page = {
    kind: 'status',
    status: 200,
    headers: { 'content-type': 'text/html' },
    body: '<p>',
  } as const;
  session.registry.fail({ path: /referrers/ }, page);
  expect(await all(repository.referrers(subject))).toEqual([]);
});
