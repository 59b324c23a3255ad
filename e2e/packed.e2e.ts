import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { startTestRegistry } from '../packages/oci-wasm/test/registry/start-test-registry.ts';
import { describeWith } from './fixtures/requirements.ts';
import { runProcess } from './fixtures/running-process.ts';
import { openScratchDirectory } from './fixtures/scratch-directory.ts';
import { uniqueBinary } from './fixtures/wasm-binary.ts';

const packages = fileURLToPath(new URL('../packages/', import.meta.url));

await describeWith('packages as they are published', ['package registry'], () => {
  test("oci-wasm is installed by npm into an empty project, and runs its README's example", async () => {
    await using scratch = await openScratchDirectory('packed');
    const tarballs = await pack('oci-wasm', scratch.path);
    expect(tarballs).toHaveLength(3);
    const project = scratch.path;
    await writeFile(join(project, 'package.json'), '{ "name": "empty", "private": true, "type": "module" }');
    await run(project, 'npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...tarballs]);
    const installed = await readdir(join(project, 'node_modules', '@wasmlet'));
    expect(installed.toSorted()).toEqual(['egress', 'oci-wasm', 'wasm-binary']);

    const readme = await readFile(join(project, 'node_modules/@wasmlet/oci-wasm/README.md'), 'utf8');
    const [, example = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
    await writeFile(join(project, 'example.ts'), example);
    await writeFile(join(project, 'hello.wasm'), uniqueBinary('module', 1_000));
    await using registry = await startTestRegistry();
    const output = await run(project, process.execPath, ['example.ts', `${registry.host}/team/hello:v1`]);
    expect(output).toMatch(/^cncf module, \d+ bytes, valid: true\n$/);
  });
});

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
