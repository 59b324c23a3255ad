import { defineConfig } from 'tsup';
import { plainBuiltins } from './plain-builtins.ts';

export default defineConfig({
  entry: ['src/index.ts', 'src/host.ts', 'src/guest-host.ts', 'src/thread-host.ts', 'src/guest-worker.ts'],
  format: 'esm',
  target: 'node24',
  sourcemap: true,
  clean: true,
  removeNodeProtocol: false,
  silent: true,
  esbuildPlugins: [plainBuiltins],
});
