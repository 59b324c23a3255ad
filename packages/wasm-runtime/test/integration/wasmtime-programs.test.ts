import process from 'node:process';
import { afterAll, expect, test } from 'vitest';
import { createRuntime } from '../../src/index.ts';
import { adaptedPrograms } from '../conformance/programs/adapted-programs.ts';
import { type Program, programs } from '../conformance/programs/programs.ts';
import { runProgram } from '../conformance/programs/run-program.ts';
import { isolations } from '../fixtures/start-guest.ts';

// wasmtime's own programs of WASI 0.2 (crates/test-programs), built as docs/conformance.md says, from the folder that
// WASMTIME_PROGRAMS names.
const folder = process.env['WASMTIME_PROGRAMS'];
const runtime = createRuntime({ allowedIsolation: isolations });
afterAll(() => runtime[Symbol.asyncDispose]());

const runs = isolations.flatMap((isolation) =>
  folder === undefined ? [] : [...programs, ...adaptedPrograms].map((program) => ({ program, isolation })),
);

test('the programs run where WASMTIME_PROGRAMS names their folder', () => {
  expect(runs).toHaveLength(folder === undefined ? 0 : 3 * 114);
});

/** What is to come of a program; one that differs ends by its own assertion, which is a trap if nothing else is said. */
function wanted({ differs, ends, stdout, stderr = '', left = {} }: Program): object {
  const { code } = ends === 'trap' ? {} : (ends ?? { code: differs === undefined ? 0 : undefined });
  return {
    exit: code === undefined ? { kind: 'trapped' } : { kind: 'exited', code },
    ...(stdout === undefined ? {} : { stdout }),
    stderr: expect.stringContaining(stderr) as unknown,
    left,
  };
}

test.each(runs)('$program.name, $isolation', { timeout: 60_000 }, async ({ program, isolation }) => {
  const ran = await runProgram(runtime, isolation, { folder: folder ?? '', program });
  expect(ran).toMatchObject(wanted(program));
});
