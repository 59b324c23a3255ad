// Plain JavaScript, run by .ci/run and imported by tests: `node e2e/components/build.mjs` prints the folder.
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { cacheFolder, compileOnce } from '../compile-once.mjs';
import { buildPrograms } from '../programs/build.mjs';
import { run } from '../run-command.mjs';
import { installComponentTools } from './tools.mjs';

const here = dirname(fileURLToPath(import.meta.url));

const sources = {
  '.': ['build.mjs', 'tools.mjs'],
  '../programs': ['build.mjs', 'rust/std-checks.rs', 'sqlite/checks.c'],
  wit: ['shop.wit', 'worlds.wit'],
  c: ['stock.c', 'counter.c', 'customer.c', 'server.c'],
  javascript: ['package-lock.json', 'command.js', 'server.js', 'stock.js'],
  python: ['requirements.txt', 'command.py', 'customer.py', 'server.py'],
};

/**
 * The folder with components of other toolchains, built once per content hash, into
 * `${XDG_CACHE_HOME:-~/.cache}/wasmlet/components/HASH`.
 */
export async function buildComponents() {
  const folder = await cached();
  await compileOnce(folder, async (draft) => {
    const tools = await installComponentTools();
    process.stderr.write('Building the components in e2e/components, once.\n');
    const work = join(draft, 'work');
    await mkdir(work);
    const wit = await writeWorlds(work, tools);
    const context = { draft, work, wit, tools };
    const built = [buildAdapted(context), buildC(context), buildJavaScript(context), buildPython(context)];
    await Promise.allSettled(built); // none may write any more when one has failed
    await Promise.all(built);
    await compose(context);
    await writeFile(join(draft, 'versions.json'), JSON.stringify(await versions(tools)));
    await rm(work, { recursive: true });
  });
  return folder;
}

/** Whether {@link buildComponents} has its result at hand. */
export async function componentsAreBuilt() {
  return existsSync(await cached());
}

function cached() {
  const files = Object.entries(sources).flatMap(([folder, names]) =>
    names.map((name) => join(here, folder, name)),
  );
  return cacheFolder('components', files);
}

/** Worlds with what they refer to; in `older` with the version of WASI that componentize-js has built in. */
async function writeWorlds(work, tools) {
  const folders = { current: join(work, 'wit'), older: join(work, 'older-wit') };
  for (const folder of Object.values(folders)) {
    await cp(tools.wit, join(folder, 'deps'), { recursive: true });
    await cp(join(here, 'wit/shop.wit'), join(folder, 'deps/shop/package.wit'));
    await cp(join(here, 'wit/worlds.wit'), join(folder, 'worlds.wit'));
  }
  for (const name of await readdir(folders.older, { recursive: true })) {
    if (!name.endsWith('.wit')) continue;
    const file = join(folders.older, name);
    await writeFile(file, (await readFile(file, 'utf8')).replaceAll('0.2.12', '0.2.10'));
  }
  return folders;
}

/** Rust's and C's programs for preview1, with the adapter to 0.2. */
async function buildAdapted({ draft, tools }) {
  const [rust, sqlite] = [await buildPrograms('rust'), await buildPrograms('sqlite')];
  for (const [name, module] of [
    ['rust-std-checks', join(rust, 'std-checks.wasm')],
    ['c-sqlite', join(sqlite, 'checks.wasm')],
  ]) {
    await adapt(tools, module, 'command', join(draft, `${name}.wasm`));
  }
}

async function adapt(tools, module, kind, output) {
  const { componentNew } = await tools.wasmTools();
  const adapters = [['wasi_snapshot_preview1', await tools.adapter(kind)]];
  await writeFile(output, await componentNew(await readFile(module), adapters));
}

/** C by wit-bindgen and Debian's clang. */
async function buildC({ draft, work, wit, tools }) {
  for (const name of ['stock', 'counter', 'customer', 'server']) {
    const generated = join(work, name);
    await tools.witBindgen(['c', wit.current, '--world', name, '--out-dir', generated]);
    const module = join(work, `${name}.wasm`);
    const flags = [
      '--target=wasm32-wasi',
      '-O2',
      '-w',
      '-mexec-model=reactor',
      `-I${generated}`,
      '-Wl,--strip-all',
    ];
    const bindings = [join(generated, `${name}.c`), join(generated, `${name}_component_type.o`)];
    await run('clang', [...flags, join(here, 'c', `${name}.c`), ...bindings, '-o', module]);
    await adapt(tools, module, 'reactor', join(draft, `c-${name}.wasm`));
  }
}

/** Two with SpiderMonkey inside, one with QuickJS. */
async function buildJavaScript({ draft, wit, tools }) {
  const { componentize } = await tools.componentizeJs();
  const write = (name, component) => writeFile(join(draft, `${name}.wasm`), component);
  const command = { sourcePath: scriptOf('command'), witPath: wit.older, worldName: 'script' };
  const server = { sourcePath: scriptOf('server'), witPath: wit.older, worldName: 'server' };
  await write(
    'js-command',
    (await componentize({ ...command, disableFeatures: ['http', 'fetch-event'] })).component,
  );
  await write('js-server', (await componentize(server)).component);
  const { componentize: componentizeQjs } = await tools.componentizeQjs();
  const jsSource = await readFile(scriptOf('stock'), 'utf8');
  await write(
    'qjs-stock',
    (await componentizeQjs({ witPath: wit.current, world: 'stock', jsSource, sync: true })).component,
  );
}

const scriptOf = (name) => join(here, 'javascript', `${name}.js`);

async function buildPython({ draft, work, wit, tools }) {
  const scripts = join(work, 'python'); // CPython writes beside them
  await cp(join(here, 'python'), scripts, { recursive: true });
  for (const [name, world] of [
    ['command', 'command'],
    ['customer', 'buying-command'],
    ['server', 'server'],
  ]) {
    const output = join(draft, `python-${name}.wasm`);
    const args = ['-d', wit.current, '-w', world, 'componentize', name, '-p', scripts, '-o', output];
    await tools.componentizePy(args);
  }
}

/** Two deep, and three deep in one language and in three. */
async function compose({ draft, tools }) {
  const file = (name) => join(draft, `${name}.wasm`);
  const plug = (socket, plugged, output) => {
    const plugs = plugged.flatMap((name) => ['--plug', file(name)]);
    return tools.wac(['plug', file(socket), ...plugs, '-o', file(output)]);
  };
  await plug('c-counter', ['c-stock'], 'composed-counter');
  await plug('c-customer', ['composed-counter'], 'composed-c');
  await plug('c-counter', ['qjs-stock'], 'composed-qjs-counter');
  // componentize-py imports all of an interface that another uses.
  await plug('python-customer', ['composed-qjs-counter', 'qjs-stock'], 'composed-languages');
}

async function versions(tools) {
  return {
    rustc: versionIn(await run('/usr/bin/rustc', ['--version'])),
    clang: versionIn(await run('clang', ['--version'])),
    'preview1 adapter': `of jco ${await tools.npmVersion('@bytecodealliance/jco')}`,
    'componentize-js': await tools.npmVersion('@bytecodealliance/componentize-js'),
    'componentize-qjs': await tools.npmVersion('componentize-qjs'),
    'componentize-py': versionIn(await tools.componentizePy(['--version'])),
    'wit-bindgen': versionIn(await tools.witBindgen(['--version'])),
    wac: versionIn(await tools.wac(['--version'])),
  };
}

const versionIn = (text) => /\d+\.\d+[\d.]*/.exec(text)?.[0];

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.stdout.write(`${await buildComponents()}\n`);
}
