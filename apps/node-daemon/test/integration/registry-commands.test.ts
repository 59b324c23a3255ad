import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  addArtifact,
  emptyComponent,
  moduleOf,
} from '../../../../packages/oci-wasm/test/fixtures/artifacts.ts';
import { witPackage } from '../../../../packages/oci-wasm/test/fixtures/binaries.ts';
import { tarOf } from '../../../../packages/oci-wasm/test/fixtures/tar.ts';
import {
  addImage,
  containerConfig,
  gzipLayer,
} from '../../../../packages/oci-wasm/test/fixtures/wasm-images.ts';
import {
  startTestRegistry,
  type TestRegistry,
} from '../../../../packages/oci-wasm/test/registry/start-test-registry.ts';
import { type CommandLine, openCommandLine } from '../fixtures/command-line.ts';

const user = 'ferris';
const password = 'p:a ss';
const hello = join(import.meta.dirname, '../../../../examples/hello-wasm/hello-wasm.wasm');

describe('push, pull and inspect', () => {
  let commandLine: CommandLine;
  let registry: TestRegistry;
  beforeAll(async () => {
    commandLine = await openCommandLine();
    registry = await startTestRegistry();
  });
  afterAll(async () => {
    await commandLine[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
  });
  const run: CommandLine['run'] = (...args) => commandLine.run(...args);

  test('bring the same bytes back, and say which they are', async () => {
    const reference = `${registry.host}/team/hello:v1`;
    const pushed = await run(['push', hello, reference]);
    const digest = registry.content.digestOf('team/hello', 'v1');
    expect(pushed).toEqual({
      code: 0,
      stdout: `Pushed: ${reference}\nSize: 63020\nDigest: ${digest}\n`,
      stderr: '',
    });
    const pulled = await run(['pull', reference, '-o', 'out.wasm', '--output=json']);
    expect(pulled).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(pulled.stdout)).toMatchObject({
      digest,
      format: 'cncf',
      kind: 'module',
      file: 'out.wasm',
    });
    expect(await readFile(join(commandLine.directory, 'out.wasm'))).toEqual(await readFile(hello));
  });

  test('make what Krustlet pulls when they are told to', async () => {
    const reference = `${registry.host}/team/hello:krustlet`;
    expect((await run(['push', hello, reference, '--format=wasm-to-oci'])).code).toBe(0);
    const { bytes = [] } = registry.content.manifest('team/hello', 'krustlet') ?? {};
    expect(JSON.parse(Buffer.from(bytes).toString())).toMatchObject({
      config: { mediaType: 'application/vnd.wasm.config.v1+json' },
      layers: [{ mediaType: 'application/vnd.wasm.content.layer.v1+wasm' }],
    });
    expect((await run(['inspect', reference])).stdout).toContain('\nartifact: wasm-to-oci, ');
  });

  test('make the CNCF artifact, the same each time when SOURCE_DATE_EPOCH is set', async () => {
    const reference = `${registry.host}/team/hello:cncf`;
    const push = async (): Promise<string> => {
      const env = { SOURCE_DATE_EPOCH: '1700000000' };
      const { stdout } = await run(['push', hello, reference, '--output=json'], { env });
      return (JSON.parse(stdout) as { digest: string }).digest;
    };
    const first = await push();
    expect(await push()).toBe(first);
    const { stdout } = await run(['inspect', reference, '--output', 'json']);
    const seen = JSON.parse(stdout) as { imports: readonly object[] };
    expect(seen).toMatchObject({ kind: 'module', format: 'cncf', digest: first, size: 63_020 });
    expect(seen.imports).toContainEqual({
      module: 'wasi_snapshot_preview1',
      name: 'fd_write',
      kind: 'function',
    });
  });

  test('inspect says of a file what it imports and exports, one per line', async () => {
    const { code, stdout } = await run(['inspect', hello]);
    expect(code).toBe(0);
    expect(stdout).toContain('core module, 63020 bytes\n');
    expect(stdout).toContain('\nimport function wasi_snapshot_preview1 fd_write\n');
    expect(stdout).toContain('\nexport function _start\n');
  });

  test('push annotates, and inspect says what an artifact is, why, and which world it is for', async () => {
    const reference = `${registry.host}/team/hello:annotated`;
    const flags = ['-a', 'a=b=c', '--annotation=d=', '--title=h.wasm'];
    expect(await run(['push', hello, reference, ...flags])).toMatchObject({ code: 0, stderr: '' });
    const { bytes = [] } = registry.content.manifest('team/hello', 'annotated') ?? {};
    expect(JSON.parse(Buffer.from(bytes).toString())).toMatchObject({
      annotations: { a: 'b=c', d: '' },
      layers: [{ annotations: { 'org.opencontainers.image.title': 'h.wasm' } }],
    });
    const { stdout } = await run(['inspect', reference]);
    expect(stdout).toContain('\nworld: command, WASI 0.1, entry _start\nartifact: cncf, sha256:');
    expect(stdout).toContain('\nrecognised: its config is of type application/vnd.wasm.config.v0+json\n');
    expect(stdout).toContain('\nplatform: wasi/wasm\n');
    expect(await run(['push', hello, reference, '-a', 'none'])).toMatchObject({ code: 2 });
  });

  test('push tells of what type an artifact is, where its format can', async () => {
    const reference = `${registry.host}/team/hello:typed`;
    const type = '--artifact-type=application/vnd.example.greeter';
    expect(await run(['push', hello, reference, type])).toMatchObject({ code: 0, stderr: '' });
    const { bytes = [] } = registry.content.manifest('team/hello', 'typed') ?? {};
    expect(JSON.parse(Buffer.from(bytes).toString())).toMatchObject({
      artifactType: 'application/vnd.example.greeter',
      config: { mediaType: 'application/vnd.wasm.config.v0+json' },
    });
    expect((await run(['inspect', reference])).stdout).toContain('\nartifact: cncf, ');
    const refused = await run(['push', hello, reference, '--format=wasm-to-oci', type]);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('--format cncf') });
    expect(await run(['push', hello, reference, '--artifact-type=greeter'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--artifact-type'),
    });
  });

  test('inspect tells what an image with a file system runs', async () => {
    addImage(registry, {
      config: containerConfig({ Entrypoint: ['/app.wasm'], Cmd: ['serve'], Env: ['A=1'] }),
      layers: [
        { mediaType: gzipLayer, bytes: gzipSync(tarOf({ name: 'app.wasm', content: emptyComponent })) },
      ],
      repository: 'team/image',
    });
    const reference = `${registry.host}/team/image:v1`;
    const { stdout } = await run(['inspect', reference]);
    expect(stdout).toContain('component, 8 bytes\nworld: library, no WASI\nartifact: compat, ');
    expect(stdout).toContain('\nrecognised: its platform is wasi/wasm\n');
    expect(stdout).toContain('\nruns: ["/app.wasm","serve"] in /\nenv A=1\n');
    const json = await run(['inspect', reference, '--output=json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      kind: 'component',
      world: { role: 'library', wasi: 'none' },
      size: 8,
      format: 'compat',
      program: { entrypoint: ['/app.wasm'], cmd: ['serve'], env: [['A', '1']], workingDir: '/' },
      imports: [],
      exports: [],
    });
  });

  test('inspect says that a WIT package has nothing to run', async () => {
    await writeFile(join(commandLine.directory, 'wit.wasm'), witPackage('acme:math/types'));
    const { stdout } = await run(['inspect', 'wit.wasm']);
    expect(stdout).toContain(
      'world: none; it holds interface types and nothing that runs\nexport acme:math/types\n',
    );
  });

  test('inspect shows no control character of a foreign name', async () => {
    const name = '\u001b[31mred';
    const bytes = Buffer.from(`\0asm\u0001\0\0\0\u0002${String.fromCharCode(name.length + 5)}\u0001\u0001m`);
    const file = Buffer.concat([bytes, Buffer.from([name.length]), Buffer.from(`${name}\0\0`)]);
    file[9] = file.length - 10;
    await writeFile(join(commandLine.directory, 'red.wasm'), file);
    const { stdout } = await run(['inspect', 'red.wasm']);
    expect(stdout).toContain('import function m \\u{1b}[31mred\n');
  });

  test('pull leaves the file as it was when what comes is wrong', async () => {
    await writeFile(join(commandLine.directory, 'kept.wasm'), 'as it was');
    addArtifact(registry, moduleOf(50_000), { repository: 'team/broken', tag: 'v1' });
    registry.fail({ path: /team\/broken\/blobs/ }, { kind: 'corrupt' });
    const { code, stderr } = await run(['pull', `${registry.host}/team/broken:v1`, '-o', 'kept.wasm']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/sha256:/);
    expect(await readFile(join(commandLine.directory, 'kept.wasm'), 'utf8')).toBe('as it was');
    expect((await readdir(commandLine.directory)).filter((name) => name.includes('.tmp'))).toEqual([]);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('pull ends at %s while a registry hangs', async (signal) => {
    addArtifact(registry, moduleOf(1_000), { repository: 'team/slow', tag: 'v1' });
    registry.fail({ path: /team\/slow\/blobs/ }, { kind: 'hang' });
    registry.forget();
    await using pull = commandLine.start(['pull', `${registry.host}/team/slow:v1`, '-o', 'never.wasm']);
    await expect
      .poll(() => registry.requests.some(({ path }) => path.includes('/blobs/')), { timeout: 20_000 })
      .toBe(true);
    pull.kill(signal);
    expect(await pull.finished).toEqual({ code: signal === 'SIGINT' ? 130 : 143, stdout: '', stderr: '' });
    await expect(stat(join(commandLine.directory, 'never.wasm'))).rejects.toThrow('ENOENT');
  });

  test('tell what a registry does not have by its name', async () => {
    const { code, stderr } = await run(['pull', `${registry.host}/team/hello:v9`]);
    expect(code).toBe(1);
    expect(stderr).toContain(`${registry.host}/team/hello:v9`);
  });

  test('run refuses a component that is no command by its name', async () => {
    await writeFile(join(commandLine.directory, 'thing.wasm'), emptyComponent);
    const { code, stderr } = await run(['run', 'thing.wasm']);
    expect(code).toBe(125);
    expect(stderr).toContain('thing.wasm is a component');
  });
});

describe('login and logout', () => {
  let commandLine: CommandLine;
  let registry: TestRegistry;
  beforeAll(async () => {
    commandLine = await openCommandLine();
    registry = await startTestRegistry({ auth: { kind: 'basic', users: { [user]: password } } });
  });
  afterAll(async () => {
    await commandLine[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
  });
  const run: CommandLine['run'] = (...args) => commandLine.run(...args);
  const login = (input: string) =>
    run(['login', registry.host, '-u', user, '--password-stdin'], {
      input,
      env: { DOCKER_CONFIG: 'docker' },
    });

  test('let push and pull through, and no longer', async () => {
    const reference = `${registry.host}/ferris/hello:v1`;
    const env = { DOCKER_CONFIG: 'docker' };
    const before = await run(['push', hello, reference], { env });
    expect(before.code).toBe(1);
    expect(before.stderr).toContain(registry.host);

    const wrong = await login('not it\n');
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain(registry.host);
    await expect(stat(join(commandLine.directory, 'docker'))).rejects.toThrow('ENOENT');

    const right = await login(`${password}\n`);
    expect(right).toMatchObject({ code: 0, stderr: '' });
    expect(right.stdout).toContain(registry.host);
    expect(right.stdout).not.toContain(password);
    expect((await run(['push', hello, reference], { env })).code).toBe(0);
    expect((await run(['pull', reference], { env })).code).toBe(0);
    expect(await readFile(join(commandLine.directory, 'module.wasm'))).toEqual(await readFile(hello));

    expect((await run(['logout', registry.host], { env })).stdout).toContain('Removed');
    expect((await run(['pull', reference], { env })).code).toBe(1);
    expect((await run(['logout', registry.host], { env })).stdout).toContain('no credentials');
  });

  test('want the password on stdin where there is no terminal', async () => {
    const { code, stderr } = await run(['login', registry.host, '-u', user]);
    expect(code).toBe(2);
    expect(stderr).toContain('--password-stdin');
  });
});
