import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { compileLines } from '../fixtures/compile-lines.ts';
import { trapLines } from '../fixtures/trap-lines.ts';

const clang = spawnSync('clang', ['--version']).status === 0;

describe.skipIf(!clang)('line tables of the clang that is at hand', () => {
  test.each([
    [4, '-O0'],
    [4, '-O2'],
    [5, '-O0'],
    [5, '-O2'],
  ] as const)('tell where a trap is: version %i, %s', async (version, level) => {
    const [trap, caller] = trapLines(await compileLines(version, level));
    expect(trap).toMatchObject({
      file: expect.stringMatching(/lib\/divide\.h$/) as unknown,
      line: 3,
      column: 16,
    });
    expect(caller).toMatchObject({ file: expect.stringMatching(/main\.c$/) as unknown, line: 9 });
  });
});
