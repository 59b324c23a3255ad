import { describe, expect, test } from 'vitest';
import type { HostInterface } from '../../../src/component/host-interface.ts';
import { exportOf, functionOf, instanceOf, memoryWat } from '../../fixtures/component/link-wat.ts';

/** A component whose `run` answers a string or list by the code of its core function. */
const answering = (type: string, code: string, memory = memoryWat): string => `(component
  (core module $m ${memory} (func (export "run") (result i32) ${code}))
  (core instance $i (instantiate $m))
  (func (export "run") (result ${type})
    (canon lift (core func $i "run") (memory (core memory $i "memory")))))`;

/** Writes a pointer and a length at 16, and answers 16. */
const pair = (pointer: number, length: number): string =>
  `(i32.store (i32.const 16) (i32.const ${pointer})) (i32.store (i32.const 20) (i32.const ${length})) (i32.const 16)`;

test.each([
  ['a string behind the end', 'string', pair(65_530, 10)],
  ['a string of 4 GiB', 'string', pair(0, -1)],
  ['a string at the end of the address space', 'string', pair(-1, 2)],
  ['a list of 4 GiB', '(list u8)', pair(0, -1)],
  ['a list whose length overflows', '(list u64)', pair(0, 0x2000_0000)],
  ['a result behind the end', 'string', '(i32.const 65532)'],
  ['a result at the end of the address space', 'string', '(i32.const -4)'],
])('%s traps', async (_, type, code) => {
  const run = await exportOf(answering(type, code), 'run');
  expect(run).toThrow(/out of bounds/);
});

test('unaligned lists and results trap', async () => {
  const list = await exportOf(answering('(list u32)', pair(2, 1)), 'run');
  expect(list).toThrow(/unaligned pointer/);
  const result = await exportOf(answering('string', '(i32.const 2)'), 'run');
  expect(result).toThrow(/unaligned pointer/);
});

test('bytes that are no string trap', async () => {
  const run = await exportOf(
    answering('string', `(i32.store8 (i32.const 40) (i32.const 0xff)) ${pair(40, 1)}`),
    'run',
  );
  expect(run).toThrow(/invalid string/);
});

test.each([
  ['a char', 'char', '(i32.const 0xd800)', /invalid `char`/],
  ['a char beyond Unicode', 'char', '(i32.const 0x110000)', /invalid `char`/],
  [
    'a case of a variant',
    '(option u32)',
    '(i32.store8 (i32.const 16) (i32.const 2)) (i32.const 16)',
    /discriminant/,
  ],
  ['a case of a result', '(result)', '(i32.const 2)', /discriminant/],
  ['a negative case', '(result)', '(i32.const -1)', /discriminant/],
])('%s that there is not traps', async (_, type, code, words) => {
  const run = await exportOf(answering(type, code), 'run');
  expect(run).toThrow(words);
});

test('lists that share their bytes are bounded together', async () => {
  const wat = answering(
    '(list string)',
    `(local $at i32)
      (loop $l
        (i32.store offset=4 (local.get $at) (i32.const 0x5f5f))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br_if $l (i32.lt_u (local.get $at) (i32.const 65528))))
      (i32.store (i32.const 65528) (i32.const 0)) (i32.store (i32.const 65532) (i32.const 8000)) (i32.const 65528)`,
  );
  const run = await exportOf(wat, 'run', [], { maxCallBytes: 1_000_000 });
  expect(run).toThrow(/more bytes than calls may have/);
});

test('a string that is longer than strings may be traps', async () => {
  const memory = '(memory (export "memory") 4112)';
  const run = await exportOf(answering('string', pair(0, 2 ** 28), memory), 'run', [], {
    maxCallBytes: 2 ** 30,
  });
  expect(run).toThrow(/268435456 bytes, where a string or list may have 268435455/);
});

test.each(['string', '(list u8)', '(list u64)'])(
  'no more than 256 MiB of a %s go from component to component',
  async (type) => {
    const count = type === '(list u64)' ? 2 ** 25 : 2 ** 28;
    const run = await exportOf(
      `(component
      (component $taker
        (core module $m (memory (export "memory") 1)
          (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
          (func (export "take") (param i32 i32)))
        (core instance $i (instantiate $m))
        (func (export "take") (param "value" ${type})
          (canon lift (core func $i "take") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
      (instance $taker (instantiate $taker))
      (core module $giver (memory (export "memory") 4200))
      (core instance $giver (instantiate $giver))
      (core func $take (canon lower (func $taker "take") (memory (core memory $giver "memory"))))
      (core module $m (import "" "take" (func $take (param i32 i32)))
        (func (export "run") (call $take (i32.const 0) (i32.const ${count}))))
      (core instance $i (instantiate $m (with "" (instance (export "take" (func $take))))))
      (func (export "run") (canon lift (core func $i "run"))))`,
      'run',
    );
    expect(run).toThrow(/268435456 bytes, where a string or list may have 268435455/);
  },
);

/** Takes a list by way of an allocator of the given code. */
const taking = (realloc: string): string => `(component
  (core module $m (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) ${realloc})
    (func (export "run") (param i32 i32)))
  (core instance $i (instantiate $m))
  (func (export "run") (param "value" (list u32))
    (canon lift (core func $i "run") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))`;

describe('an allocator that answers nonsense', () => {
  test.each([
    ['out of bounds', '(i32.const 65532)', /realloc return: beyond end of memory/],
    ['at the end of the address space', '(i32.const -4)', /realloc return: beyond end of memory/],
    ['unaligned', '(i32.const 2)', /realloc return: result not aligned/],
  ])('%s traps', async (_, realloc, words) => {
    const run = await exportOf(taking(realloc), 'run');
    expect(() => run([1, 2, 3])).toThrow(words);
  });

  test('and traps itself is the trap', async () => {
    const run = await exportOf(taking('(unreachable)'), 'run');
    expect(() => run([1])).toThrow(WebAssembly.RuntimeError);
    expect(() => run([1])).toThrow(/has ended/);
  });
});

const log = (calls: string[]): HostInterface => ({
  name: 'test:log/log',
  functions: {
    log: { type: '() -> ()', waits: false, bind: () => () => void calls.push('log') },
    fail: {
      type: '() -> ()',
      waits: false,
      bind: () => () => {
        throw new Error('the host failed');
      },
    },
    exit: { type: '() -> ()', waits: false, bind: (guest) => () => guest.exit(3) },
  },
});

const logging = (core: string, lift: string): string => `(component
  (import "test:log/log" (instance $log
    (export "log" (func)) (export "fail" (func)) (export "exit" (func))))
  (core func $log (canon lower (func $log "log")))
  (core func $fail (canon lower (func $log "fail")))
  (core func $exit (canon lower (func $log "exit")))
  (core module $m
    (import "" "log" (func $log)) (import "" "fail" (func $fail)) (import "" "exit" (func $exit))
    (memory (export "memory") 1)
    ${core})
  (core instance $i (instantiate $m (with "" (instance
    (export "log" (func $log)) (export "fail" (func $fail)) (export "exit" (func $exit))))))
  ${lift})`;

test('an allocator that calls the host traps', async () => {
  const calls: string[] = [];
  const run = await exportOf(
    logging(
      `(func (export "realloc") (param i32 i32 i32 i32) (result i32) (call $log) (i32.const 1024))
       (func (export "run") (param i32 i32))`,
      `(func (export "run") (param "text" string)
        (canon lift (core func $i "run") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))`,
    ),
    'run',
    [log(calls)],
  );
  expect(() => run('text')).toThrow(/cannot leave component instance/);
  expect(calls).toEqual([]);
});

test('a clean-up after a call that calls the host traps', async () => {
  const calls: string[] = [];
  const run = await exportOf(
    logging(
      `(func (export "run") (result i32) (call $log) (i32.const 5))
       (func (export "after") (param i32) (call $log))`,
      '(func (export "run") (result u32) (canon lift (core func $i "run") (post-return (core func $i "after"))))',
    ),
    'run',
    [log(calls)],
  );
  expect(run).toThrow(/cannot leave component instance/);
  expect(calls).toEqual(['log']);
});

test.each(['fail', 'exit'])('a guest that catches everything cannot catch what ends it: %s', async (how) => {
  const instance = await instanceOf(
    logging(
      `(func (export "run")
        (block $caught (try_table (catch_all $caught) (call $${how})))
        (call $log))`,
      '(func (export "run") (canon lift (core func $i "run")))',
    ),
    [log([])],
  );
  expect(functionOf(instance, 'run')).toThrow(how === 'exit' ? 'unreachable' : 'the host failed');
  expect(instance.ending).toMatchObject(
    how === 'exit' ? { kind: 'exit', code: 3 } : { kind: 'failure', error: { message: 'the host failed' } },
  );
});

test('a component that calls itself by way of another traps', async () => {
  const run = await exportOf(
    `(component
      (component $child
        (import "back" (func $back))
        (core func $back (canon lower (func $back)))
        (core module $m (import "" "back" (func $back)) (func (export "run") (call $back)))
        (core instance $i (instantiate $m (with "" (instance (export "back" (func $back))))))
        (func (export "run") (canon lift (core func $i "run"))))
      (core module $table
        (table (export "table") 1 funcref)
        (type $f (func))
        (func (export "call") (call_indirect (type $f) (i32.const 0))))
      (core instance $table (instantiate $table))
      (func $call (canon lift (core func $table "call")))
      (instance $child (instantiate $child (with "back" (func $call))))
      (core func $run (canon lower (func $child "run")))
      (core module $fill (import "" "table" (table 1 funcref)) (import "" "run" (func $run)) (elem (i32.const 0) func $run))
      (core instance (instantiate $fill (with "" (instance
        (export "table" (table $table "table")) (export "run" (func $run))))))
      (func (export "run") (canon lift (core func $table "call"))))`,
    'run',
  );
  expect(run).toThrow(/cannot enter component instance/);
});

test('a memory cap holds for all memories of a component together', async () => {
  const growing = `(memory (export "memory") 1)
    (func (export "grow") (result i32) (local $pages i32)
      (loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
      (memory.size))`;
  const wat = `(component
    (core module $m ${growing})
    (component $nested (core module $m ${growing}) (core instance $i (instantiate $m))
      (func (export "grow") (result u32) (canon lift (core func $i "grow"))))
    (instance $one (instantiate $nested))
    (instance $two (instantiate $nested))
    (core instance $i (instantiate $m))
    (func (export "grow") (result u32) (canon lift (core func $i "grow")))
    (export "one" (instance $one))
    (export "two" (instance $two)))`;
  const limit = 64 * 65_536;
  const instance = await instanceOf(wat, [], {}, { memoryBytes: limit });
  const pages = [['grow'], ['one', 'grow'], ['two', 'grow']].map(
    (path) => functionOf(instance, ...path)() as number,
  );
  expect(pages.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(64);
  expect(Math.min(...pages)).toBeGreaterThan(15);
  expect(instance.growthRefused).toBe(true);
  await expect(instanceOf(wat, [], {}, { memoryBytes: 2 * 65_536 })).rejects.toThrow(
    /196608 bytes of memory/,
  );
});

test('a trap in one component cannot be caught by another', async () => {
  const instance = await instanceOf(`(component
    (component $child
      (core module $m (func (export "run") (unreachable)))
      (core instance $i (instantiate $m))
      (func (export "run") (canon lift (core func $i "run"))))
    (instance $child (instantiate $child))
    (core func $run (canon lower (func $child "run")))
    (core module $m (import "" "run" (func $run))
      (func (export "run") (result i32)
        (block $caught (try_table (catch_all $caught) (call $run)))
        (i32.const 1)))
    (core instance $i (instantiate $m (with "" (instance (export "run" (func $run))))))
    (func (export "run") (result u32) (canon lift (core func $i "run"))))`);
  expect(functionOf(instance, 'run')).toThrow('unreachable');
  expect(instance.trap).toBeInstanceOf(WebAssembly.RuntimeError);
  expect(functionOf(instance, 'run')).toThrow(/has ended/);
});
