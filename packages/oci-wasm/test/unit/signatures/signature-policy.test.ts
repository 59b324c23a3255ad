import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseReference, parseSignaturePolicy, readSignaturePolicy } from '../../../src/index.ts';
import { matchesImage, parseImageGlob } from '../../../src/signatures/image-glob.ts';
import { failureOf } from '../../fixtures/failure-of.ts';
import { scratchDirectory } from '../../fixtures/scratch.ts';
import { createSigstore, newKeyPair } from '../../fixtures/signatures/sigstore-in-a-box.ts';

const pem = newKeyPair().publicKey.export({ type: 'spki', format: 'pem' }).toString();
const { trustedRoot } = createSigstore();
const identities = [{ issuer: 'https://issuer.example.com', subjectRegExp: '^https://example\\.com/team/' }];
const images = [{ glob: 'registry.example.com/team/**' }];

/** A policy with one authority. */
function withAuthority(authority: unknown): unknown {
  return { policies: [{ name: 'ours', images, authorities: [authority] }] };
}

describe('a signature policy', () => {
  test('is read from a file, with the files that it names beside it', async () => {
    await using scratch = await scratchDirectory();
    await writeFile(join(scratch.path, 'key.pub'), `${pem}\n${pem}`);
    await writeFile(join(scratch.path, 'root.json'), JSON.stringify(trustedRoot));
    const file = join(scratch.path, 'policy.yaml');
    await writeFile(
      file,
      `default: pass
policies:
  - name: ours
    images: [{ glob: "registry.example.com/team/**" }]
    authorities:
      - name: release
        key: { file: key.pub }
      - keyless:
          trustRoot: root.json
          identities:
            - issuer: https://issuer.example.com
              subjectRegExp: ^https://example
      - static: { action: fail }
`,
    );
    expect(await readSignaturePolicy(file)).toMatchObject({
      default: 'pass',
      policies: [
        {
          name: 'ours',
          images: [{ text: 'registry.example.com/team/**' }],
          authorities: [
            { kind: 'key', name: 'release', keys: [{}, {}], trustRoot: undefined },
            {
              kind: 'keyless',
              name: 'authority-1',
              identities: [{ issuer: 'https://issuer.example.com', subject: /^https:\/\/example/ }],
              trustRoot: { thresholds: { tlogThreshold: 1, ctlogThreshold: 1, timestampThreshold: 1 } },
            },
            { kind: 'static', name: 'authority-2', action: 'fail' },
          ],
        },
      ],
    });
  });

  test('refuses images that no policy is for unless it says otherwise', async () => {
    expect(await parseSignaturePolicy({})).toEqual({ policies: [], default: 'fail' });
  });

  const keyless = { identities, trustRoot: trustedRoot };
  const ed25519 = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' });
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({
    type: 'spki',
    format: 'pem',
  });
  const privatePem = newKeyPair().privateKey.export({ type: 'pkcs8', format: 'pem' });
  const rule = 'the signature policy, policies[0]';
  const authority = `${rule}.authorities[0]`;

  test.each([
    ['is a list', [], 'the signature policy: must be an object with policies, default'],
    ['has another key', { policy: [] }, 'the signature policy: "policy" is not supported here'],
    ['has another default', { default: 'warn' }, 'the signature policy, default: must be "pass" or "fail"'],
    ['has a rule without images', { policies: [{ authorities: [] }] }, `${rule}.images: must be a list`],
    [
      'has a glob without a registry',
      { policies: [{ images: [{ glob: 'busybox' }], authorities: [] }] },
      `${rule}.images[0].glob: "busybox" names no registry`,
    ],
    [
      'has a pattern for a glob',
      { policies: [{ images: [{ glob: '^a$' }], authorities: [] }] },
      `${rule}.images[0].glob: "^a$" may have letters`,
    ],
    [
      'has a rule without authorities',
      { policies: [{ images, authorities: [] }] },
      `${rule}.authorities: must be`,
    ],
    [
      'has two rules of one name',
      {
        policies: [1, 2].map(() => ({
          name: 'a',
          images,
          authorities: [{ static: { action: 'pass' } }],
        })),
      },
      'policies: two have the name "a"',
    ],
    [
      'asks for two things at once',
      withAuthority({ key: { data: pem }, keyless }),
      `${authority}: must have one of`,
    ],
    [
      'asks for attestations',
      withAuthority({ attestations: [] }),
      `${authority}: "attestations" is not supported`,
    ],
    ['has no key', withAuthority({ key: {} }), `${authority}.key: must have data`],
    [
      'has a private key',
      withAuthority({ key: { data: privatePem } }),
      `${authority}.key.data: must be public keys`,
    ],
    [
      'has an Ed25519 key',
      withAuthority({ key: { data: ed25519 } }),
      `${authority}.key.data: has an Ed25519 key`,
    ],
    [
      'has a short key',
      withAuthority({ key: { data: short } }),
      `${authority}.key.data: has a key of a kind`,
    ],
    [
      'has a broken key',
      withAuthority({ key: { data: '-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----' } }),
      `${authority}.key.data: has a key that cannot be read`,
    ],
    [
      'names a file that is not there',
      withAuthority({ key: { file: '/no/such' } }),
      '/no/such cannot be read',
    ],
    [
      'has no trust root',
      withAuthority({ keyless: { identities } }),
      `${authority}.keyless.trustRoot: must be`,
    ],
    [
      'has another file for a trust root',
      withAuthority({ keyless: { identities, trustRoot: {} } }),
      `${authority}.keyless.trustRoot: is no trusted root`,
    ],
    [
      'has a trust root in which nothing tells the time',
      withAuthority({ keyless: { identities, trustRoot: { ...trustedRoot, tlogs: [] } } }),
      'lists neither transparency logs nor timestamp authorities',
    ],
    [
      'has an identity of any subject',
      withAuthority({ keyless: { ...keyless, identities: [{ issuer: 'https://a' }] } }),
      `${authority}.keyless.identities[0]: must have one of subject`,
    ],
    [
      'has a pattern that means something else here',
      withAuthority({
        keyless: { ...keyless, identities: [{ issuer: 'https://a', subjectRegExp: '\\Aa\\z' }] },
      }),
      `identities[0].subjectRegExp: has "\\A" in it`,
    ],
    [
      'has a broken pattern',
      withAuthority({ keyless: { ...keyless, identities: [{ issuer: 'https://a', subjectRegExp: '(' }] } }),
      'identities[0].subjectRegExp: Invalid regular expression',
    ],
    [
      'has another action',
      withAuthority({ static: { action: 'warn' } }),
      `${authority}.static.action: must be`,
    ],
  ])('that %s is refused, with the place', async (_, value, message) => {
    const failure = await failureOf(parseSignaturePolicy(value));
    expect(failure).toMatchObject({ code: 'INVALID_CONFIG' });
    expect(failure.message).toContain(message);
  });

  test.each([
    ['is not JSON', '{'],
    ['has "tlogs" twice', JSON.stringify(trustedRoot).replace('{', '{"tlogs":[],')],
  ])('whose trust root %s is refused', async (problem, text) => {
    await using scratch = await scratchDirectory();
    const trustRoot = join(scratch.path, 'root.json');
    await writeFile(trustRoot, text);
    const failure = await failureOf(
      parseSignaturePolicy(withAuthority({ keyless: { identities, trustRoot } })),
    );
    expect(failure).toMatchObject({ code: 'INVALID_CONFIG' });
    expect(failure.message).toContain(`${authority}.keyless.trustRoot: ${problem}`);
  });

  test('whose file cannot be used is refused, with its name', async () => {
    await using scratch = await scratchDirectory();
    const file = join(scratch.path, 'policy.yaml');
    expect((await failureOf(readSignaturePolicy(file))).message).toContain(`${file}: cannot be read`);
    await writeFile(file, 'policies: [');
    expect((await failureOf(readSignaturePolicy(file))).message).toContain(`${file}: is no YAML`);
  });
});

describe('a glob', () => {
  const digest = `sha256:${'ab'.repeat(32)}`;
  test.each([
    ['registry.example.com/team/*', 'registry.example.com/team/app:v1', true],
    ['registry.example.com/team/*', `registry.example.com/team/app@${digest}`, true],
    ['registry.example.com/team/*', 'registry.example.com/team/deep/app', false],
    ['registry.example.com/team/**', 'registry.example.com/team/deep/app', true],
    ['registry.example.com/team/app', 'registry.example.com/team/app:v1', true],
    ['registry.example.com/team/app', 'registry.example.com/team/app-other:v1', false],
    ['registry.example.com/team/app:v*', 'registry.example.com/team/app:v1', true],
    ['registry.example.com/team/app:v*', 'registry.example.com/team/app:w1', false],
    // The tag says nothing when there is a digest.
    ['registry.example.com/team/app:v*', `registry.example.com/team/app:v1@${digest}`, false],
    ['registryXexample.com/**', 'registry.example.com/team/app', false],
    ['registry.example.com/**', 'registryXexample.com:443/team/app', false],
    ['*.example.com/**', 'registry.example.com/team/app', true],
    ['**', 'localhost:5000/a', true],
    ['*', 'busybox', true],
    ['*', 'registry.example.com/busybox', false],
    ['*/*', 'team/app', true],
    ['index.docker.io/library/busybox', 'busybox:1', true],
    ['docker.io/library/*', 'busybox:1', true],
    ['localhost:5000/**', 'localhost:5000/a/b', true],
  ])('%s and the image %s: %s', (glob, image, expected) => {
    const parsed = parseImageGlob(glob);
    if ('problem' in parsed) throw new Error(parsed.problem);
    expect(matchesImage(parsed, parseReference(image))).toBe(expected);
  });
});
