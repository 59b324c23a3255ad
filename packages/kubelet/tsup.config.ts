import { defineConfig } from 'tsup';

export default defineConfig({
  entry: ['src/index.ts', 'src/provider.ts', 'src/testing.ts'],
  format: 'esm',
  target: 'node24',
  sourcemap: true,
  clean: true,
  removeNodeProtocol: false,
  silent: true,
});
