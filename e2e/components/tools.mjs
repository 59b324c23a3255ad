// Plain JavaScript: other people's toolchains for components, as their registries have them.
import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { cacheFolder, compileOnce } from '../compile-once.mjs';
import { run } from '../run-command.mjs';

const here = dirname(fileURLToPath(import.meta.url));

/** From crates.io, each with the versions that its own lock file names. */
const crates = {
  'wit-bindgen-cli': { version: '0.63.0', features: 'c' },
  'wac-cli': { version: '0.12.0', features: '' },
};

/**
 * Installs componentize-js, componentize-qjs and jco (npm), componentize-py (PyPI), wit-bindgen and wac (crates.io) once per
 * content hash, into `${XDG_CACHE_HOME:-~/.cache}/wasmlet/component-tools/HASH`.
 */
export async function installComponentTools() {
  const inputs = [
    'javascript/package.json',
    'javascript/package-lock.json',
    'python/requirements.txt',
    'tools.mjs',
  ];
  const folder = await cacheFolder(
    'component-tools',
    inputs.map((name) => join(here, name)),
  );
  await compileOnce(folder, async (draft) => {
    process.stderr.write('Installing toolchains for components; this takes some minutes, once.\n');
    await Promise.all([
      installNpm(join(draft, 'npm')),
      installPython(join(draft, 'python')),
      installCrates(draft),
    ]);
  });
  return toolsIn(folder);
}

async function installNpm(folder) {
  await mkdir(folder);
  for (const name of ['package.json', 'package-lock.json'])
    await cp(join(here, 'javascript', name), join(folder, name));
  await run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: folder });
}

async function installPython(folder) {
  const requirements = join(here, 'python/requirements.txt');
  const flags = ['--quiet', '--disable-pip-version-check', '--require-hashes', '--no-deps'];
  const places = ['--target', folder, '--requirement', requirements];
  await run('/usr/bin/python3', ['-m', 'pip', 'install', ...flags, ...places]);
}

async function installCrates(draft) {
  // Compiled in a third of the time; what they work on is small.
  const quick = {
    CARGO_PROFILE_RELEASE_OPT_LEVEL: '1',
    CARGO_PROFILE_RELEASE_LTO: 'off',
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16',
  };
  const target = `${draft}.target`;
  try {
    for (const [name, { version, features }] of Object.entries(crates)) {
      await run(
        'cargo',
        [
          'install',
          '--quiet',
          '--locked',
          '--no-default-features',
          `--features=${features}`,
          `--version=${version}`,
          `--root=${draft}`,
          name,
        ],
        {
          env: { ...process.env, ...quick, CARGO_TARGET_DIR: target },
        },
      );
    }
  } finally {
    await rm(target, { recursive: true, force: true });
  }
}

async function toolsIn(folder) {
  const npm = join(folder, 'npm/node_modules');
  const load = (path) => import(pathToFileURL(join(npm, path)).href);
  return {
    folder,
    /** WIT of WASI 0.2, and the adapters from preview1 to it. */
    wit: join(npm, '@bytecodealliance/jco/lib/wit/builtin/0.2.12'),
    adapter: (kind) => readFile(join(npm, `@bytecodealliance/jco/lib/wasi_snapshot_preview1.${kind}.wasm`)),
    npmVersion: async (name) => JSON.parse(await readFile(join(npm, name, 'package.json'), 'utf8')).version,
    wasmTools: () => load('@bytecodealliance/jco-transpile/dist/wasm-tools.js'),
    componentizeJs: () => load('@bytecodealliance/componentize-js/src/componentize.js'),
    componentizeQjs: () => load('componentize-qjs/index.js'),
    componentizePy: (args, options) =>
      run('/usr/bin/python3', [join(folder, 'python/bin/componentize-py'), ...args], {
        ...options,
        env: { ...process.env, PYTHONPATH: join(folder, 'python') },
      }),
    witBindgen: (args) => run(join(folder, 'bin/wit-bindgen'), args),
    wac: (args) => run(join(folder, 'bin/wac'), args),
  };
}
