import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { addArtifact, emptyModule } from '../../../../packages/oci-wasm/test/fixtures/artifacts.ts';
import {
  startTestRegistry,
  type TestRegistry,
} from '../../../../packages/oci-wasm/test/registry/start-test-registry.ts';
import { type CommandLine, openCommandLine } from '../fixtures/command-line.ts';

describe('copy, tag and ls', () => {
  let commandLine: CommandLine;
  let registry: TestRegistry;
  let digest: string;
  beforeAll(async () => {
    commandLine = await openCommandLine();
  });
  beforeEach(async () => {
    registry = await startTestRegistry({ pageSize: 2 });
    digest = addArtifact(registry, emptyModule);
    return () => registry[Symbol.asyncDispose]();
  });
  afterAll(() => commandLine[Symbol.asyncDispose]());
  const run: CommandLine['run'] = (...args) => commandLine.run(...args);
  const name = (path: string): string => `${registry.host}/${path}`;

  test('copy takes an artifact to another repository, by mount', async () => {
    const [from, to] = [name('team/app:v1'), name('team/other:v2')];
    expect(await run(['copy', from, to])).toEqual({
      code: 0,
      stdout: `Copied: ${from}\nTo: ${to}\nDigest: ${digest}\n`,
      stderr: '',
    });
    expect(registry.content.digestOf('team/other', 'v2')).toBe(digest);
    const again = await run(['copy', from, to, '--output=json']);
    expect(JSON.parse(again.stdout)).toEqual({
      source: from,
      destination: to,
      digest,
      transferred: 0,
      mounted: 0,
      there: 3,
    });
    const third = await run(['copy', from, name('team/third:v1'), '--output=json']);
    expect(JSON.parse(third.stdout)).toMatchObject({ transferred: 1, mounted: 2 });
  });

  test('copy goes to a layout and back, with what refers to it', async () => {
    const { bytes = Buffer.of() } = registry.content.manifest('team/app', 'v1') ?? {};
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const subject = { mediaType, digest, size: bytes.length };
    const empty = { mediaType: 'application/x', ...registry.content.addBlob('team/app', Buffer.from('{}')) };
    const signature = registry.content.addManifest('team/app', 'signature', {
      schemaVersion: 2,
      config: empty,
      layers: [],
      subject,
    });
    const { bytes: signed = Buffer.of() } = registry.content.manifest('team/app', signature) ?? {};
    registry.content.addManifest('team/app', digest.replace(':', '-'), {
      schemaVersion: 2,
      manifests: [{ mediaType, digest: signature, size: signed.length }],
    });
    const there = ['copy', name('team/app:v1'), name('team/app:v1'), '--to-layout', 'layout', '--referrers'];
    expect(await run(there)).toMatchObject({ code: 0, stderr: '' });
    const index = await readFile(join(commandLine.directory, 'layout/index.json'), 'utf8');
    expect(index).toContain(name('team/app:v1'));
    const back = [
      'copy',
      name('team/app:v1'),
      name('team/back:v1'),
      '--from-layout',
      'layout',
      '--referrers',
    ];
    expect(await run(back)).toMatchObject({ code: 0, stderr: '' });
    expect(registry.content.digestOf('team/back', 'v1')).toBe(digest);
    expect(registry.content.manifest('team/back', signature)).toBeDefined();
  });

  test('tag gives another name, which ls lists over all pages', async () => {
    for (const tag of ['a', 'b', 'c']) {
      expect(await run(['tag', name('team/app:v1'), tag])).toEqual({
        code: 0,
        stdout: `Tagged: ${name(`team/app:${tag}`)}\nDigest: ${digest}\n`,
        stderr: '',
      });
    }
    expect(await run(['ls', name('team/app')])).toEqual({ code: 0, stdout: 'a\nb\nc\nv1\n', stderr: '' });
    const { stdout } = await run(['ls', name('team/app'), '--output=json']);
    expect(JSON.parse(stdout)).toEqual({ repository: name('team/app'), tags: ['a', 'b', 'c', 'v1'] });
  });

  test('ls tells of a repository without tags in JSON as well', async () => {
    registry.content.addBlob('team/empty', Buffer.of(1));
    const { stdout } = await run(['ls', name('team/empty'), '--output=json']);
    expect(JSON.parse(stdout)).toEqual({ repository: name('team/empty'), tags: [] });
  });

  test.each<[string, string[], number, RegExp]>([
    ['copy of what is not there', ['copy', 'HOST/team/app:no', 'HOST/team/b:v1'], 1, /no tag "no"/],
    [
      'copy to another digest',
      ['copy', 'HOST/team/app:v1', `HOST/b@sha256:${'0'.repeat(64)}`],
      1,
      /its digest is/,
    ],
    ['copy from what is no reference', ['copy', 'No', 'HOST/team/b:v1'], 2, /No/],
    ['tag with a whole reference', ['tag', 'HOST/team/app:v1', 'HOST/team/app:v2'], 2, /is no tag/],
    ['tag of what is not there', ['tag', 'HOST/team/app:no', 'v2'], 1, /no tag "no"/],
    ['ls of what is not there', ['ls', 'HOST/team/none'], 1, /name not known/],
  ])('%s is an error', async (_title, args, code, message) => {
    const failed = await run(args.map((argument) => argument.replace('HOST', registry.host)));
    expect(failed).toMatchObject({ code, stdout: '' });
    expect(failed.stderr).toMatch(message);
  });
});
