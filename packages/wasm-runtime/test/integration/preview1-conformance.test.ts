import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildGuest } from '../conformance/build-guest.ts';
import { conformanceCases, entryOf } from '../conformance/cases.ts';
import { createRuntime } from '../../src/index.ts';
import { type RunGuest, runInProcess } from '../conformance/guest-process.ts';
import { runOnRuntime } from '../conformance/guest-runtime.ts';
import { isolations } from '../fixtures/start-guest.ts';

// Our own guests, with the case names of https://github.com/WebAssembly/wasi-testsuite. Each assertion is made inside
// the guest, which names the one that failed on its stderr.
const runtime = createRuntime();
afterAll(() => runtime[Symbol.asyncDispose]());
const executors: readonly (readonly [name: string, run: RunGuest])[] = [
  ['preview1 host', runInProcess],
  ...isolations.map((isolation) => [`runtime, ${isolation}`, runOnRuntime(runtime, isolation)] as const),
];
let directory: string;
let module: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'preview1-conformance-'));
  await chmod(directory, 0o755);
  module = join(directory, 'cases.wasm');
  await buildGuest('cases.as.ts', module);
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

test('there are as many cases as in the suite', () => {
  expect(new Set(conformanceCases.map(({ name }) => name)).size).toBe(72);
});

const runs = executors.flatMap(([executor, run]) =>
  conformanceCases.map((one) => ({ executor, run, ...one })),
);

test.concurrent.each(runs)('$name on the $executor', { timeout: 30_000 }, async (one) => {
  const own = await mkdtemp(join(directory, 'case-'));
  await chmod(own, 0o755);
  const root = join(own, 'root');
  if (one.root !== undefined) await createFiles(root, one.root);
  const outcome = await one.run(
    {
      module,
      entry: entryOf(one),
      args: ['program', ...(one.args ?? [])],
      env: one.env ?? [],
      mounts: one.root === undefined ? [] : [{ hostPath: root, guestPath: '/' }],
      stdin: 'empty',
    },
    own,
  );
  expect(outcome).toEqual({ code: 0, stdout: '', stderr: '', ...one.expected });
});

async function createFiles(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(root);
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, path);
    await mkdir(path.endsWith('/') ? file : dirname(file), { recursive: true });
    if (!path.endsWith('/')) await writeFile(file, text);
  }
}
