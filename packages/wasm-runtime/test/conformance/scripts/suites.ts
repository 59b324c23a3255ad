import { globSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

/** A set of scripts, in a folder that a variable names. */
export interface ScriptSuite {
  readonly name: 'wasmtime' | 'component-model';
  readonly variable: string;
  /** Where its scripts are, below a checkout of the suite. */
  readonly pattern: string;
  /** Scripts that it has. */
  readonly count: number;
}

export const scriptSuites: readonly ScriptSuite[] = [
  {
    name: 'wasmtime',
    variable: 'WASMTIME_TESTSUITE',
    pattern: 'tests/misc_testsuite/component-model*/**/*.wast',
    count: 96,
  },
  {
    name: 'component-model',
    variable: 'COMPONENT_MODEL_TESTSUITE',
    pattern: 'test/**/*.wast',
    count: 63,
  },
];

/** Paths of a suite's scripts below its folder; none where no variable names it. */
export function scriptsOf({ variable, pattern }: ScriptSuite): readonly string[] {
  const folder = process.env[variable];
  return folder === undefined ? [] : globSync(pattern, { cwd: folder }).toSorted();
}

export function pathOf({ variable }: ScriptSuite, script: string): string {
  return join(process.env[variable] ?? '', script);
}
