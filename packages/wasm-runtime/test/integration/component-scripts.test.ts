import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { differences } from '../conformance/scripts/differences.ts';
import { runFile } from '../conformance/scripts/run-file.ts';
import { pathOf, scriptsOf, scriptSuites } from '../conformance/scripts/suites.ts';

// The scripts (.wast) of wasmtime and of the component model's own repository, from checkouts that variables name;
// docs/conformance.md has the figures. The reader and runner of scripts have a script of their own, beside this file.

describe.each(scriptSuites)('scripts of $name', (suite) => {
  const scripts = scriptsOf(suite);

  test(`are ${suite.count} where ${suite.variable} names a checkout`, () => {
    expect(scripts).toHaveLength(process.env[suite.variable] === undefined ? 0 : suite.count);
  });

  test.each(scripts)('%s', { timeout: 120_000 }, async (script) => {
    const outcomes = await runFile(pathOf(suite, script));
    const failed = outcomes.filter(({ outcome }) => outcome === 'failed');
    const known = differences.flatMap((one) => (script.endsWith(one.script) ? one.lines : []));
    expect(failed.filter(({ line }) => !known.includes(line))).toEqual([]);
    expect(failed.map(({ line }) => line)).toEqual(known.toSorted((one, other) => one - other));
  });
});

test('a script of our own passes, and what is wrong in it fails', { timeout: 60_000 }, async () => {
  const outcomes = await runFile(`${import.meta.dirname}/../conformance/scripts/own.wast`);
  expect(outcomes.filter(({ outcome }) => outcome !== 'passed')).toMatchObject([
    {
      kind: 'assert_return',
      outcome: 'failed',
      detail: expect.stringContaining('answered 3; (u32.const 4)') as unknown,
    },
    { kind: 'assert_trap', outcome: 'failed', detail: expect.stringContaining('answered 3') as unknown },
    { kind: 'assert_trap', outcome: 'failed', detail: expect.stringContaining('trapped by') as unknown },
    { kind: 'assert_invalid', outcome: 'failed' },
    { kind: 'component', outcome: 'skipped', detail: expect.stringContaining('WASI 0.3') as unknown },
    { kind: 'assert_return', outcome: 'skipped' },
    { kind: 'other', outcome: 'skipped' },
  ]);
});
