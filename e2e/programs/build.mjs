// Plain JavaScript, run by .ci/run and imported by tests and benchmarks: `node e2e/programs/build.mjs [LANGUAGE…]`.
import { existsSync } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { cacheFolder, compileOnce } from '../compile-once.mjs';
import { run } from '../run-command.mjs';

const here = dirname(fileURLToPath(import.meta.url));

/** Go's own tests of these packages are compiled as they come with the toolchain. */
const goPackages = ['os', 'path/filepath', 'io/fs', 'time', 'net/http', 'runtime'];

const languages = {
  go: { sources: ['go/go.mod', 'go/main.go'], compile: compileGo },
  rust: { sources: ['rust/std-checks.rs', 'rust/loops.rs'], compile: compileRust },
  sqlite: { sources: ['sqlite/Cargo.toml', 'sqlite/Cargo.lock', 'sqlite/checks.c'], compile: compileSqlite },
};

/**
 * The folder with the programs of a language, compiled for `wasm32-wasi` once per content hash, into
 * `${XDG_CACHE_HOME:-~/.cache}/wasmlet/programs/HASH`.
 */
export async function buildPrograms(language) {
  const folder = await cached(language);
  await compileOnce(folder, async (draft) => {
    process.stderr.write(`Compiling the programs in e2e/programs/${language}, once.\n`);
    await languages[language].compile(draft);
  });
  return folder;
}

/** Whether {@link buildPrograms} has its result at hand, without a compiler. */
export async function programsAreBuilt(language) {
  return existsSync(await cached(language));
}

function cached(language) {
  const files = [...languages[language].sources, 'build.mjs'];
  return cacheFolder(
    'programs',
    files.map((name) => join(here, name)),
  );
}

/** `checks.wasm`, `NAME.test.wasm` for each package, and in `root` what the tests look at of Go's sources. */
async function compileGo(draft) {
  const env = { ...process.env, GOOS: 'wasip1', GOARCH: 'wasm' };
  const flags = ['-trimpath', '-ldflags=-s -w'];
  await run('go', ['build', ...flags, '-o', join(draft, 'checks.wasm'), '.'], { cwd: join(here, 'go'), env });
  const root = (await run('go', ['env', 'GOROOT'], { env: process.env })).trim();
  const copy = (path) => cp(join(root, path), join(draft, 'root/usr/local/go', path), { recursive: true });
  for (const name of goPackages) {
    const module = join(draft, `${name.replaceAll('/', '-')}.test.wasm`);
    // With file names as the tests know them: no -trimpath.
    await run('go', ['test', '-c', '-ldflags=-s -w', '-o', module, name], { cwd: here, env });
    await copy(`src/${name}`);
  }
  for (const path of ['lib/time', 'go.env', 'LICENSE', 'CONTRIBUTING.md', 'README.md']) await copy(path);
  for (const folder of ['tmp', 'dev', 'etc']) await mkdir(join(draft, 'root', folder));
  await writeFile(join(draft, 'root/dev/null'), '');
}

/** `std-checks.wasm` and `loops.wasm`, by Debian's compiler, which has the target. */
async function compileRust(draft) {
  const options = ['--edition=2021', '--target=wasm32-wasi', '-Cstrip=symbols'];
  const compile = (name, ...more) => {
    const files = ['-o', join(draft, `${name}.wasm`), join(here, 'rust', `${name}.rs`)];
    return run('/usr/bin/rustc', [...options, ...more, ...files], { cwd: draft });
  };
  await compile('std-checks', '--test', '-Copt-level=s');
  await compile('loops', '-Copt-level=3');
}

/** `checks.wasm`: SQLite with Debian's clang and wasi-libc. */
async function compileSqlite(draft) {
  const project = join(draft, 'project');
  for (const name of ['Cargo.toml', 'Cargo.lock', 'checks.c']) {
    await cp(join(here, 'sqlite', name), join(project, name));
  }
  await run('cargo', ['vendor', '--locked', '--quiet', 'vendor'], { cwd: project });
  const sources = join(project, 'vendor/libsqlite3-sys/sqlite3');
  const options = ['THREADSAFE=0', 'OMIT_LOAD_EXTENSION', 'OMIT_SHARED_CACHE', 'TEMP_STORE=2'];
  const flags = ['--target=wasm32-wasi', '-O2', '-w', ...options.map((option) => `-DSQLITE_${option}`)];
  const output = ['-Wl,--strip-all', '-o', join(draft, 'checks.wasm')];
  await run('clang', [
    ...flags,
    `-I${sources}`,
    ...output,
    join(project, 'checks.c'),
    join(sources, 'sqlite3.c'),
  ]);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const names = process.argv.slice(2);
  for (const language of names.length > 0 ? names : Object.keys(languages)) {
    process.stdout.write(`${await buildPrograms(language)}\n`);
  }
}
