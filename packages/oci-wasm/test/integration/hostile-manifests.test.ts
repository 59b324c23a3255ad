import { afterAll, beforeAll, describe } from 'vitest';
import type { HostileRepository } from '../fixtures/hostile/hostile-registry.ts';
import { frugal, type HostileSession, openHostileSession } from '../fixtures/hostile/hostile-session.ts';
import { repeated } from '../fixtures/hostile/endless.ts';
import {
  artifact,
  type Case,
  image,
  refusesAll,
  refusesEach,
  spinLock,
  textOf,
  wasm,
} from '../fixtures/hostile/refused-manifests.ts';
import { digestOf, ociIndex, ociManifest } from '../registry/content-store.ts';

// Manifests that mean one thing to one reader and another to the next, or more than anybody can hold.
let session: HostileSession;
beforeAll(async () => {
  session = await openHostileSession();
});
afterAll(() => session[Symbol.asyncDispose]());

const otherLayer = JSON.stringify([{ mediaType: wasm, digest: digestOf(Buffer.from('other')), size: 5 }]);
const indexOf = (manifests: readonly object[]): string =>
  JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests });

describe('refused, since two readers would understand it differently, is', () => {
  refusesAll(
    () => session,
    [
      [
        'a list of layers that is there twice',
        'pull',
        (to) => to.manifest(textOf(to).replace(/}$/, `,"layers":${otherLayer}}`)),
        'UNSUPPORTED_ARTIFACT',
        'has "layers" twice',
      ],
      [
        'one that is written in two ways',
        'copy',
        (to) => to.manifest(textOf(to).replace(/^{/, `{"l\\u0061yers":${otherLayer},`)),
        'UNSUPPORTED_ARTIFACT',
        'has "layers" twice',
      ],
      [
        'one in other letters',
        'copy',
        (to) => to.manifest({ ...artifact(to), Layers: JSON.parse(otherLayer) as object }),
        'UNSUPPORTED_ARTIFACT',
        'has a field "Layers"',
      ],
      [
        'a descriptor with two digests',
        'pull',
        (to) =>
          to.manifest(textOf(to).replace('"size":8', `"size":8,"digest":"${digestOf(Buffer.from('x'))}"`)),
        'UNSUPPORTED_ARTIFACT',
        'has "digest" twice',
      ],
      [
        'an index that lists twice',
        'pull',
        (to) => to.manifest('{"schemaVersion":2,"manifests":[],"manifests":[]}', { mediaType: ociIndex }),
        'UNSUPPORTED_ARTIFACT',
        'has "manifests" twice',
      ],
      [
        'an image that is an index as well',
        'pull',
        (to) => to.manifest({ ...artifact(to), manifests: [to.manifest(artifact(to))] }),
        'UNSUPPORTED_ARTIFACT',
        'is an index and an image at once',
      ],
      [
        'a config with two entry points',
        'pull',
        (to) => image(to, '{"os":"wasi","config":{"Entrypoint":["/a.wasm"],"Entrypoint":["/b.wasm"]}}'),
        'UNSUPPORTED_ARTIFACT',
        'its config has "Entrypoint" twice',
      ],
      [
        'a lock file with two lists of components',
        'pull',
        (to) => {
          const lock = to.blob(spinLock, '{"components":[],"components":[]}');
          to.manifest({ ...artifact(to), config: lock });
        },
        'UNSUPPORTED_ARTIFACT',
        'whose lock file has "components" twice',
      ],
      [
        'an answer with two lists of tags',
        'list tags',
        (to) => to.on(/tags/, () => ({ body: '{"tags":["a"],"tags":["b"]}' })),
        'INVALID_RESPONSE',
        'has "tags" twice',
      ],
      [
        'a manifest that is no UTF-8',
        'pull',
        (to) => to.on(/manifests/, () => ({ body: Buffer.from('{"a":"\xff"}', 'latin1') })),
        'UNSUPPORTED_ARTIFACT',
        'no UTF-8',
      ],
      // The last one: a registry that wants tokens is asked with one from then on.
      [
        'an answer with two tokens',
        'pull',
        (to) => {
          to.on(/manifests/, ({ origin, path }) => {
            const realm = `${origin}${path.replace('manifests', 'token')}`;
            return { status: 401, headers: { 'www-authenticate': `Bearer realm="${realm}"` } };
          });
          to.on(/token/, () => ({ body: '{"token":"a","token":"b"}' }));
        },
        'INVALID_RESPONSE',
        'its answer has "token" twice',
      ],
    ],
  );
});

const deep = (levels: number) => (to: HostileRepository) => {
  let inner = to.manifest(artifact(to));
  for (let level = 0; level < levels; level += 1)
    inner = { ...to.manifest(indexOf([inner]), { mediaType: ociIndex }), mediaType: ociIndex };
};
const entries = (count: number) => (to: HostileRepository) => {
  const list = Array.from({ length: count }, (_none, index) => ({
    mediaType: ociManifest,
    digest: `sha256:${index.toString(16).padStart(64, '0')}`,
    size: 1,
  }));
  to.manifest(indexOf(list), { mediaType: ociIndex });
};

const lists = '['.repeat(4_000_000);
const objects = '{"a":'.repeat(800_000);
const bombs: readonly Case[] = [
  ['lists in lists', 'pull', (to) => to.manifest(lists), 'UNSUPPORTED_ARTIFACT', 'nested more than 64'],
  ['objects in objects', 'copy', (to) => to.manifest(objects), 'UNSUPPORTED_ARTIFACT', 'nested more than 64'],
  [
    'an annotation of lists',
    'pull',
    (to) => to.manifest(textOf(to).replace(/^{/, `{"annotations":${lists}`)),
    'UNSUPPORTED_ARTIFACT',
    'nested more than 64',
  ],
  [
    'many small things',
    'pull',
    (to) => to.manifest(`{"x":[${'{},'.repeat(1_300_000)}{}]}`),
    'UNSUPPORTED_ARTIFACT',
    'more than 250000 values',
  ],
  ['a config of lists', 'pull', (to) => image(to, lists), 'UNSUPPORTED_ARTIFACT', 'nested more than 64'],
  [
    'tags of lists',
    'list tags',
    (to) => to.on(/tags/, () => ({ body: `{"tags":${lists}` })),
    'INVALID_RESPONSE',
    'nested more than 64',
  ],
  ['an error of lists', 'pull', (to) => to.on(/./, () => ({ status: 403, body: lists })), 'DENIED', '(403)'],
  ['an index of 100,000 entries', 'pull', entries(100_000), 'TOO_LARGE', 'larger than 4194304 bytes'],
  ['an index of 25,000 entries', 'pull', entries(25_000), 'UNSUPPORTED_ARTIFACT', 'at most 1000'],
  ['a copy of an index of 25,000 entries', 'copy', entries(25_000), 'TOO_LARGE', 'more than 1000 manifests'],
  ['an index in an index …', 'pull', deep(4), 'UNSUPPORTED_ARTIFACT', 'nested too deep'],
  ['a copy of an index in an index …', 'copy', deep(9), 'TOO_LARGE', 'nested more than 8 deep'],
  [
    'twenty manifests of a megabyte',
    'copy',
    (to) => {
      const list = Array.from({ length: 20 }, (_none, index) =>
        to.manifest({ ...artifact(to), annotations: { [`a${index}`]: 'x'.repeat(1024 * 1024) } }),
      );
      to.manifest(indexOf(list), { mediaType: ociIndex, tag: 'v1' });
    },
    'TOO_LARGE',
    'larger than 16777216 bytes together',
  ],
  [
    'a descriptor with 100 MB of data',
    'pull',
    (to) =>
      to.on(/manifests/, () => ({
        body: () => repeated(Buffer.from(`{"config":{"data":"${'x'.repeat(1024 * 1024)}`), 100),
      })),
    'TOO_LARGE',
    'larger than 4194304 bytes',
  ],
];

describe('refused, since it is a bomb, is', () => {
  refusesEach(() => session, bombs);
});

describe('refused by a program that meets one bomb after the other is', () => {
  // Their garbage adds up, to some 80 to 120 MB without the flags.
  let other: HostileSession;
  beforeAll(async () => {
    other = await openHostileSession(frugal);
  });
  afterAll(() => other[Symbol.asyncDispose]());
  refusesAll(() => other, bombs);
});
