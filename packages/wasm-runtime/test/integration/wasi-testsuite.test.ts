import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { afterAll, expect, test } from 'vitest';
import { createRuntime } from '../../src/index.ts';
import { type RunGuest, runInProcess } from '../conformance/guest-process.ts';
import { runOnRuntime } from '../conformance/guest-runtime.ts';
import { isolations } from '../fixtures/start-guest.ts';

// The suite's own binaries, from a checkout of https://github.com/WebAssembly/wasi-testsuite, branch
// prod/testsuite-base, that WASI_TESTSUITE names; the guests under test/conformance have the same cases everywhere.
const checkout = process.env['WASI_TESTSUITE'];
const cases = checkout === undefined ? [] : findCases(checkout);
const runtime = createRuntime();
afterAll(() => runtime[Symbol.asyncDispose]());
const executors: readonly (readonly [name: string, run: RunGuest])[] = [
  ['preview1 host', runInProcess],
  ...isolations.map((isolation) => [`runtime, ${isolation}`, runOnRuntime(runtime, isolation)] as const),
];

test('the 72 preview1 tests run where WASI_TESTSUITE names a checkout of the suite', () => {
  expect(cases).toHaveLength(checkout === undefined ? 0 : 72);
});

const runs = executors.flatMap(([executor, run]) =>
  cases.map((suiteCase) => ({ executor, run, ...suiteCase })),
);

test.concurrent.each(runs)('$language/$name on the $executor', { timeout: 30_000 }, async (suiteCase) => {
  const directory = await mkdtemp(join(tmpdir(), 'wasi-testsuite-'));
  await chmod(directory, 0o755);
  try {
    const root = join(directory, 'root');
    if (suiteCase.root !== undefined) await cp(suiteCase.root, root, { recursive: true });
    const outcome = await suiteCase.run(
      {
        module: suiteCase.module,
        args: [basename(suiteCase.module), ...suiteCase.args],
        env: suiteCase.env,
        mounts: suiteCase.root === undefined ? [] : [{ hostPath: root, guestPath: '/' }],
        stdin: 'empty',
      },
      directory,
    );
    expect(outcome).toMatchObject({
      code: suiteCase.exitCode,
      ...(suiteCase.stdout === undefined ? {} : { stdout: suiteCase.stdout }),
    });
  } finally {
    await rm(directory, { recursive: true });
  }
});

interface SuiteCase {
  readonly name: string;
  readonly language: string;
  readonly module: string;
  readonly args: readonly string[];
  readonly env: readonly (readonly [string, string])[];
  readonly root?: string;
  readonly exitCode: number;
  readonly stdout?: string;
}

interface SuiteSpec {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly root?: string;
  readonly exit_code?: number;
  readonly stdout?: string;
}

function findCases(suite: string): readonly SuiteCase[] {
  return ['assemblyscript', 'c', 'rust'].flatMap((language) => {
    const directory = join(suite, 'tests', language, 'testsuite', 'wasm32-wasip1');
    const modules = readdirSync(directory).filter((file) => file.endsWith('.wasm'));
    return modules.toSorted().map((file) => caseOf(language, join(directory, file)));
  });
}

function caseOf(language: string, module: string): SuiteCase {
  const file = module.replace(/\.wasm$/, '.json');
  const spec: SuiteSpec = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  // The Rust tests then accept nothing but Linux's own error numbers.
  const strict = language === 'rust' ? [['ERRNO_MODE_UNIX', '1'] as const] : [];
  return {
    name: basename(module, '.wasm'),
    language,
    module,
    args: spec.args ?? [],
    env: [...Object.entries(spec.env ?? {}), ...strict],
    exitCode: spec.exit_code ?? 0,
    ...(spec.root === undefined ? {} : { root: join(dirname(module), spec.root) }),
    ...(spec.stdout === undefined ? {} : { stdout: spec.stdout }),
  };
}
