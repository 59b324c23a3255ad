import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { startTestRegistry } from '../packages/oci-wasm/test/registry/start-test-registry.ts';
import { assemble, guests } from '../packages/wasm-runtime/test/fixtures/guests.ts';
import { describeWith } from './fixtures/requirements.ts';
import { runProcess } from './fixtures/running-process.ts';
import { openScratchDirectory } from './fixtures/scratch-directory.ts';
import { uniqueBinary } from './fixtures/wasm-binary.ts';

const packages = fileURLToPath(new URL('../packages/', import.meta.url));

await describeWith('packages as they are published', ['package registry'], () => {
  test("oci-wasm is installed by npm into an empty project, and runs its README's example", async () => {
    await using scratch = await openScratchDirectory('packed');
    const project = scratch.path;
    expect(await installPacked('oci-wasm', project)).toEqual(['egress', 'oci-wasm', 'wasm-binary']);
    await writeFile(join(project, 'hello.wasm'), uniqueBinary('module', 1_000));
    await using registry = await startTestRegistry();
    const output = await run(project, process.execPath, ['example.ts', `${registry.host}/team/hello:v1`]);
    expect(output).toMatch(/^cncf module, \d+ bytes, valid: true\n$/);
  });

  test("wasm-runtime is installed by npm into an empty project, and runs its README's example", async () => {
    await using scratch = await openScratchDirectory('packed');
    const project = scratch.path;
    expect(await installPacked('wasm-runtime', project)).toEqual(['egress', 'wasm-binary', 'wasm-runtime']);
    await writeFile(join(project, 'hello.wasm'), await assemble(guests.greeting));
    await mkdir(join(project, 'data'));
    await writeFile(join(project, 'data/greeting'), 'Hello, World!\n');
    await chmod(project, 0o755); // for the guest's user
    const output = await run(project, process.execPath, ['example.ts']);
    expect(output).toMatch(/^Hello, World!\n \{\s+kind: 'exited',\s+code: 0,\s+finishedAt: /);
  });
});

/** Makes an empty project of a folder, with the package, and its README's example; resolves with our packages in it. */
async function installPacked(name: string, project: string): Promise<readonly string[]> {
  const tarballs = await pack(name, project);
  await writeFile(join(project, 'package.json'), '{ "name": "empty", "private": true, "type": "module" }');
  await run(project, 'npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...tarballs]);
  const ours = join(project, 'node_modules/@wasmlet');
  const readme = await readFile(join(ours, name, 'README.md'), 'utf8');
  const [, example = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  await writeFile(join(project, 'example.ts'), example);
  return (await readdir(ours)).toSorted();
}

/** A tarball of a package and of each of ours that it needs. */
async function pack(name: string, to: string): Promise<readonly string[]> {
  const packed = new Set<string>();
  const waiting = [name];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (packed.has(next)) continue;
    packed.add(next);
    const folder = join(packages, next);
    const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
      readonly dependencies?: Readonly<Record<string, string>>;
    };
    for (const dependency of Object.keys(manifest.dependencies ?? {})) {
      if (dependency.startsWith('@wasmlet/')) waiting.push(dependency.slice('@wasmlet/'.length));
    }
    await run(folder, 'pnpm', ['pack', '--pack-destination', to]);
  }
  const files = await readdir(to);
  return files.filter((file) => file.endsWith('.tgz')).map((file) => join(to, file));
}

/** Resolves with what it prints; rejects with all of it when it fails. */
async function run(cwd: string, command: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runProcess(command, args, { cwd });
  if (code === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
}
