import { defineConfig } from 'vitest/config';

const project = (name: string, extra: object = {}) => ({
  extends: true as const,
  test: {
    name,
    include: [`{packages,apps}/*/test/${name}/**/*.test.ts`],
    setupFiles: ['./tooling/leak-check.ts'],
    ...extra,
  },
});

export default defineConfig({
  // Workspace packages load from src, in tests and in the processes they start:
  // vitest passes these conditions on to Node as --conditions.
  ssr: { resolve: { conditions: ['@wasmlet/source'] } },
  test: {
    reporters: ['default', './tooling/summary-reporter.ts'],
    projects: [
      project('unit', {
        // Their time is virtual; what takes seconds is a machine with other work.
        testTimeout: 20_000,
        typecheck: {
          enabled: true,
          tsconfig: './tsconfig.json',
          include: ['packages/*/test/types/**/*.test-d.ts'],
        },
      }),
      project('integration', { testTimeout: 30_000, hookTimeout: 30_000 }),
      project('e2e', {
        include: ['e2e/**/*.e2e.ts'],
        setupFiles: [],
        testTimeout: 180_000,
        hookTimeout: 300_000,
        fileParallelism: false,
      }),
      project('e2e-full', {
        include: ['e2e/**/*.e2e-full.ts'],
        setupFiles: [],
        testTimeout: 900_000,
        hookTimeout: 300_000,
        fileParallelism: false,
      }),
    ],
    coverage: {
      provider: 'v8',
      include: ['{packages,apps}/*/src/**/*.ts'],
      reporter: ['text-summary', 'lcov'],
    },
  },
});
