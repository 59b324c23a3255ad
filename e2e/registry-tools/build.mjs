// Plain JavaScript, run by .ci/run and imported by the fixture: `node e2e/registry-tools/build.mjs` prints the folder.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { cacheFolder, compileGo, compileOnce } from '../compile-once.mjs';

const here = dirname(fileURLToPath(import.meta.url));

/** What is built, of which module beside this file. */
const programs = {
  registry: ['distribution', 'github.com/distribution/distribution/v3/cmd/registry'],
  oras: ['oras', 'oras.land/oras/cmd/oras'],
  crane: ['go-containerregistry', 'github.com/google/go-containerregistry/cmd/crane'],
  'referrers-registry': ['go-containerregistry', '.'],
};

/**
 * The folder with other people's registries and clients, built from their Go modules, once per content hash, into
 * `${XDG_CACHE_HOME:-~/.cache}/wasmlet/registry-tools/HASH`.
 */
export async function buildRegistryTools() {
  const folder = await cached();
  await compileOnce(folder, async (draft) => {
    process.stderr.write(
      'Building distribution, oras and crane from Go modules; this takes a minute, once.\n',
    );
    for (const [name, [sources, module]] of Object.entries(programs)) {
      await compileGo({ sources: join(here, sources), module, output: join(draft, name) });
    }
  });
  return folder;
}

/** Whether {@link buildRegistryTools} has its result at hand, without a compiler. */
export async function registryToolsAreBuilt() {
  return existsSync(await cached());
}

function cached() {
  const modules = ['distribution', 'oras', 'go-containerregistry'];
  const files = modules.flatMap((name) => [`${name}/go.mod`, `${name}/go.sum`]);
  return cacheFolder(
    'registry-tools',
    [...files, 'go-containerregistry/main.go', 'build.mjs'].map((name) => join(here, name)),
  );
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const folder = await buildRegistryTools();
  process.stdout.write(`${folder}\n`);
}
