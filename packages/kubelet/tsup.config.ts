import { defineConfig } from 'tsup';

export default defineConfig({
  entry: ['src/index.ts', 'src/provider.ts', 'src/testing.ts'],
  format: 'esm',
  target: 'node24',
  sourcemap: true,
  clean: true,
  removeNodeProtocol: false,
  silent: true,
  // The client library's kubeconfig module and what it needs, as one chunk: opening a kubeconfig takes 50 ms and
  // 11 MB, not 370 ms and 48 MB.
  noExternal: [/^(?!undici$|@peculiar\/x509$|reflect-metadata$|node:)/],
  // For the CommonJS packages among them.
  banner: {
    js: "import { createRequire as nodeRequire } from 'node:module'; const require = nodeRequire(import.meta.url);",
  },
});
