import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import wabt from 'wabt';
import { expect, test } from 'vitest';
import { openCommandLine } from '../fixtures/command-line.ts';

const text = `(module
  (func (export "add") (param i32 i64) (result i64) (i64.add (i64.extend_i32_s (local.get 0)) (local.get 1)))
  (func (export "halves") (param f64) (result f64 f64)
    (f64.div (local.get 0) (f64.const 2)) (f64.div (local.get 0) (f64.const 2)))
  (func (export "take") (param externref))
  (func (export "_start")))`;

async function run(...args: readonly string[]) {
  await using commandLine = await openCommandLine();
  const module = (await wabt()).parseWat('guest.wat', text, { multi_value: true, reference_types: true });
  await writeFile(join(commandLine.directory, 'guest.wasm'), module.toBinary({}).buffer);
  module.destroy();
  const { code, stdout, stderr } = await commandLine.run(['run', ...args]);
  return { code, stdout, stderr };
}

test('run --invoke calls a function with numbers, and prints what it gives', async () => {
  expect(await run('--invoke', 'add', 'guest.wasm', '--', '-2', '44')).toEqual({
    code: 0,
    stdout: '42\n',
    stderr: '',
  });
  expect(await run('--invoke', 'halves', 'guest.wasm', '3')).toEqual({
    code: 0,
    stdout: '1.5\n1.5\n',
    stderr: '',
  });
});

test.each([
  [['--invoke', 'add', 'guest.wasm', '1'], 'add(i32, i64) of guest.wasm takes 2 arguments; there are 1.'],
  [['--invoke', 'add', 'guest.wasm', '1', '2', '3'], 'takes 2 arguments; there are 3.'],
  [['--invoke', 'add', 'guest.wasm', 'x', '2'], '"x" is no i32'],
  [['--invoke', 'take', 'guest.wasm', '1'], 'takes what is no number'],
  [['--invoke', 'absent', 'guest.wasm'], 'does not export the function absent'],
])('run %j says what is wrong with it', async (args, words) => {
  const { code, stdout, stderr } = await run(...args);
  expect({ code, stdout }).toEqual({ code: 125, stdout: '' });
  expect(stderr).toContain(words);
});
