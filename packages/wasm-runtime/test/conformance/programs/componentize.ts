// Makes components of wasmtime's programs: `node componentize.ts MODULES ADAPTERS TARGET`, folders of the core modules, of wasmtime's adapters
// (wasi_snapshot_preview1.command.wasm and so on) and for the components, which is then what WASMTIME_PROGRAMS names.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import process from 'node:process';
import { componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';

const [modules = '.', adapters = '.', target = '.'] = process.argv.slice(2);

for (const file of globSync('p[12]_*.wasm', { cwd: modules })) {
  const name = basename(file, '.wasm');
  const adapter = readFileSync(join(adapters, `wasi_snapshot_preview1.${adapterOf(name)}.wasm`));
  const component = await componentNew(readFileSync(join(modules, file)), [
    ['wasi_snapshot_preview1', adapter],
  ]);
  writeFileSync(join(target, `${name}.component.wasm`), component);
}

/** As wasmtime's own build has it. */
function adapterOf(name: string): 'command' | 'proxy' | 'reactor' {
  if (name.startsWith('p2_api_proxy')) return 'proxy';
  return name === 'p2_api_reactor' ? 'reactor' : 'command';
}
