import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { emptyModule } from '../fixtures/artifacts.ts';
import { megabytes, repeated } from '../fixtures/hostile/endless.ts';
import { type HostileSession, openHostileSession } from '../fixtures/hostile/hostile-session.ts';
import {
  artifact,
  type Case,
  image,
  imageConfig,
  refusesAll,
  spinLock,
  tarLayer,
  textOf,
  withLayer,
} from '../fixtures/hostile/refused-manifests.ts';
import { digestOf } from '../registry/content-store.ts';

// Content that is not what its digest, its size or its name says.
let session: HostileSession;
beforeAll(async () => {
  session = await openHostileSession();
});
afterAll(() => session[Symbol.asyncDispose]());

describe('refused, since it is not what it says, is', () => {
  const sha256 = digestOf(emptyModule);
  const hex = sha256.slice('sha256:'.length);
  const badDigests = [
    ['sha512 with the digits of sha256', `sha512:${hex}`],
    ['sha256 with the digits of sha512', digestOf(emptyModule, 'sha512').replace('sha512', 'sha256')],
    ['in capitals', `sha256:${hex.toUpperCase()}`],
    ['with an algorithm in capitals', `SHA256:${hex}`],
    ['of md5', 'md5:d41d8cd98f00b204e9800998ecf8427e'],
    ['of sha384', `sha384:${'0'.repeat(96)}`],
    ['that is too short', sha256.slice(0, -1)],
    ['with a line behind it', `${sha256}\n`],
    ['without an algorithm', hex],
    ['that is a path', `sha256:../../../../etc/passwd${'0'.repeat(38)}`],
  ] as const;
  const badSizes = [-1, 1.5, 2 ** 53, 1e300, '8', null, undefined, true, [8]];
  const digestHeader = { 'docker-content-digest': `sha256:${'1'.repeat(64)}` };

  refusesAll(
    () => session,
    [
      ...badDigests.map(
        ([title, digest]): Case => [
          `a digest ${title}`,
          title.endsWith('passwd') ? 'copy' : 'pull',
          withLayer({ digest }),
          'UNSUPPORTED_ARTIFACT',
          'digest',
        ],
      ),
      ...badSizes.map(
        (size): Case => [
          `a size of ${JSON.stringify(size)}`,
          'copy',
          withLayer({ size }),
          'UNSUPPORTED_ARTIFACT',
          'without mediaType, digest and size',
        ],
      ),
      ['a size beyond all', 'pull', withLayer({ size: 2 ** 53 - 1 }), 'TOO_LARGE', 'are copied'],
      ['a size that is too small', 'pull', withLayer({ size: 7 }), 'SIZE_MISMATCH', 'which has 7'],
      ['a size that is too large', 'pull', withLayer({ size: 9 }), 'TRUNCATED', 'which has 9'],
      [
        'another digest in a header',
        'pull',
        (to) => {
          const body = textOf(to);
          to.on(/manifests/, () => ({
            headers: { ...digestHeader, 'content-length': String(body.length) },
            body,
          }));
        },
        'DIGEST_MISMATCH',
        `announced as sha256:${'1'.repeat(64)}`,
      ],
      [
        'the right digest of another algorithm, for other bytes',
        'pull',
        (to) => {
          const manifest = artifact(to);
          const digest = digestOf(Buffer.from('other'), 'sha512');
          to.on(new RegExp(digest), () => ({ body: Buffer.from(emptyModule) }));
          to.manifest({ ...manifest, layers: [{ ...manifest.layers[0], digest }] });
        },
        'DIGEST_MISMATCH',
        'announced as sha512:',
      ],
      [
        'data in a descriptor in place of a blob',
        'pull',
        withLayer({
          digest: digestOf(Buffer.from('not there')),
          data: Buffer.from(emptyModule).toString('base64'),
        }),
        'BLOB_UNKNOWN',
        'does not have it',
      ],
      [
        'a config of 100 MB',
        'pull',
        (to) => {
          const config = { ...to.blob(imageConfig, '{}'), size: 100_000_000 };
          to.manifest({ ...artifact(to), config, layers: [to.blob(tarLayer, 'x')] });
        },
        'TOO_LARGE',
        'config is larger',
      ],
      [
        'a config that does not end',
        'pull',
        (to) => {
          image(to, '{}');
          to.on(/blobs/, () => ({ body: () => repeated(megabytes) }));
        },
        'SIZE_MISMATCH',
        'longer than the 2 bytes',
      ],
      [
        'a layer that does not end',
        'copy',
        (to) => {
          to.manifest(artifact(to));
          to.on(new RegExp(sha256), () => ({ body: () => repeated(megabytes) }));
        },
        'SIZE_MISMATCH',
        'longer than the 8 bytes',
      ],
      [
        'a blob in gzip',
        'pull',
        (to) => {
          to.manifest(artifact(to));
          to.on(new RegExp(sha256), () => ({ headers: { 'content-encoding': 'gzip' }, body: 'x' }));
        },
        'INVALID_RESPONSE',
        'Content-Encoding gzip',
      ],
      [
        'a component of Spin that is a path',
        'pull',
        (to) => {
          const lock = { components: [{ id: '../../x', source: { digest: 'sha256:../../../etc/passwd' } }] };
          to.manifest({ ...artifact(to), config: to.blob(spinLock, JSON.stringify(lock)) });
        },
        'UNSUPPORTED_ARTIFACT',
        'in none of its layers',
      ],
    ],
  );
});

test('names that lead elsewhere are no names', async () => {
  const tags = '{"tags":["a","../../b","..","/c","d/e","-f"]}';
  const listed = await session.attackedBy((to) => to.on(/tags/, () => ({ body: tags })), 'list tags');
  expect(listed).toMatchObject({ code: 'none', count: 1 });
  const names = ['../x:v1', 'a/../../x:v1', 'a/x:..', 'a/x:../../y', 'a/x@sha256:../../y', 'a//x:v1'];
  const reports = await session.pulled(...names);
  expect(reports.map(({ code }) => code)).toEqual(names.map(() => 'INVALID_REFERENCE'));
});
