import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRuntime } from '@wasmlet/wasm-runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildComponents } from './components/build.mjs';
import { type CommandCase, componentCases, type ServerCase } from './components/cases.ts';
import { expectedAnswers, runCommandCase, runServerCase } from './components/run-case.ts';
import { describeWith } from './fixtures/requirements.ts';
import { openScratchDirectory, type ScratchDirectory } from './fixtures/scratch-directory.ts';

const commands = componentCases.filter((one): one is CommandCase => one.kind === 'command');
const servers = componentCases.filter((one): one is ServerCase => one.kind === 'server');

await describeWith('Components of other toolchains', ['components'], () => {
  const runtime = createRuntime();
  let scratch: ScratchDirectory;
  let folder: string;
  beforeAll(async () => {
    folder = await buildComponents();
    scratch = await openScratchDirectory('components');
    await chmod(scratch.path, 0o755); // guests in threads go there as their user
  });
  afterAll(async () => {
    await runtime[Symbol.asyncDispose]();
    await scratch?.[Symbol.asyncDispose]();
  });

  describe.each(['process', 'thread', 'in-process'] as const)('isolation %s:', (isolation) => {
    test.each(commands)('$name does what its author expects', async (one) => {
      const finished = await runCommandCase(one, { runtime, folder, scratch: scratch.path, isolation });
      expect(finished.stderr).toBe(one.stderr);
      expect(finished.stdout).toBe(one.stdout);
      expect(finished.code).toBe(one.code);
    });
  });

  test.each(servers)('$name answers as its author expects', async (one) => {
    const { answers } = await runServerCase(one, { folder });
    expect(answers).toEqual(expectedAnswers(one));
  });
});

test('the page about compatibility has a row for each of them, and no others', async () => {
  const page = await readFile(join(import.meta.dirname, '../docs/compatibility.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z-]+)` /gm)].map(([, name]) => name);
  expect(rows).toEqual(componentCases.map(({ name }) => name));
});
