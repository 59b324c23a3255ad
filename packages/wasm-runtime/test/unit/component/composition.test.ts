import { expect, test } from 'vitest';
import { exportOf, functionOf, instanceOf, linkedOf, memoryWat } from '../../fixtures/component/link-wat.ts';

const constant = (value: number): string => `
  (core module $m (func (export "f") (result i32) (i32.const ${value})))
  (core instance $i (instantiate $m))
  (func (export "f") (result u32) (canon lift (core func $i "f")))`;

const adding = (amount: number): string => `
  (import "f" (func $f (result u32)))
  (core func $f (canon lower (func $f)))
  (core module $m (import "" "f" (func $f (result i32)))
    (func (export "f") (result i32) (i32.add (i32.const ${amount}) (call $f))))
  (core instance $i (instantiate $m (with "" (instance (export "f" (func $f))))))
  (func (export "f") (result u32) (canon lift (core func $i "f")))`;

test('components three deep, each instantiated with what another exports', async () => {
  const instance = await instanceOf(`(component
    (component $middle
      (component $inner ${constant(1)})
      (component $adder ${adding(10)})
      (instance $inner (instantiate $inner))
      (instance $added (instantiate $adder (with "f" (func $inner "f"))))
      (export "f" (func $added "f"))
      (export "inner" (instance $inner)))
    (component $adder ${adding(100)})
    (instance $middle (instantiate $middle))
    (instance $outer (instantiate $adder (with "f" (func $middle "f"))))
    (instance $twice (instantiate $adder (with "f" (func $outer "f"))))
    (export "f" (func $twice "f"))
    (export "middle" (instance $middle)))`);
  expect(functionOf(instance, 'f')()).toBe(211);
  expect(functionOf(instance, 'middle', 'inner', 'f')()).toBe(1);
  expect(instance.coreExport('middle', 'f')).toMatchObject({ type: '() -> (i32)' });
  expect(instance.coreExport('', 'f')?.call()).toBe(211);
  expect(instance.coreExport('', 'g')).toBeUndefined();
});

test('modules and components of an outer component are instantiated by one inside it', async () => {
  const instance = await instanceOf(`(component $outer
    (core module $m (func (export "f") (result i32) (i32.const 4)))
    (component $c ${constant(5)})
    (component $inner
      (alias outer $outer $m (core module $mine))
      (alias outer $outer $c (component $theirs))
      (core instance $i (instantiate $mine))
      (instance $c (instantiate $theirs))
      (func (export "module") (result u32) (canon lift (core func $i "f")))
      (export "component" (func $c "f")))
    (instance $inner (instantiate $inner))
    (export "inner" (instance $inner)))`);
  expect(functionOf(instance, 'inner', 'module')()).toBe(4);
  expect(functionOf(instance, 'inner', 'component')()).toBe(5);
});

test('a component is given as an argument, and instantiated twice with a state each', async () => {
  const instance = await instanceOf(`(component
    (component $counter
      (core module $m (global $n (mut i32) (i32.const 0))
        (func (export "f") (result i32)
          (global.set $n (i32.add (i32.const 1) (global.get $n))) (global.get $n)))
      (core instance $i (instantiate $m))
      (func (export "f") (result u32) (canon lift (core func $i "f"))))
    (component $user
      (import "counter" (component $counter (export "f" (func (result u32)))))
      (instance $one (instantiate $counter))
      (instance $two (instantiate $counter))
      (export "one" (func $one "f"))
      (export "two" (func $two "f")))
    (instance $user (instantiate $user (with "counter" (component $counter))))
    (export "one" (func $user "one"))
    (export "two" (func $user "two")))`);
  expect([
    functionOf(instance, 'one')(),
    functionOf(instance, 'one')(),
    functionOf(instance, 'two')(),
  ]).toEqual([1, 2, 1]);
});

test('an instance put together from parts is given to another component', async () => {
  const instance = await instanceOf(`(component
    (component $a ${constant(6)})
    (component $user
      (import "both" (instance $both (export "x" (func (result u32))) (export "y" (func (result u32)))))
      (export "x" (func $both "x"))
      (export "y" (func $both "y")))
    (instance $a (instantiate $a))
    (instance $both (export "x" (func $a "f")) (export "y" (func $a "f")))
    (instance $user (instantiate $user (with "both" (instance $both))))
    (export "user" (instance $user)))`);
  expect(functionOf(instance, 'user', 'y')()).toBe(6);
});

test('instances of one plan share nothing', async () => {
  const wat = `(component
    (core module $m (global $n (mut i32) (i32.const 0))
      (func (export "f") (result i32) (global.set $n (i32.add (i32.const 1) (global.get $n))) (global.get $n)))
    (core instance $i (instantiate $m))
    (func (export "f") (result u32) (canon lift (core func $i "f"))))`;
  const linked = await linkedOf(wat);
  const [one, other] = [linked.instantiate(), linked.instantiate()];
  functionOf(one, 'f')();
  expect(functionOf(other, 'f')()).toBe(1);
});

test('a result is told as a value, or thrown', async () => {
  const instance = await instanceOf(`(component
    (core module $m (func (export "f") (param i32) (result i32) (local.get 0)))
    (core instance $i (instantiate $m))
    (func (export "f") (param "failed" u32) (result (result)) (canon lift (core func $i "f"))))`);
  expect(functionOf(instance, 'f')(0)).toBeUndefined();
  expect(() => functionOf(instance, 'f')(1)).toThrow(expect.objectContaining({ name: 'ComponentError' }));
  expect(functionOf(instance, 'f')(0)).toBeUndefined();
  expect(() => functionOf(instance, 'f')()).toThrow('1 arguments are wanted; 0 are given');
});

test.each([
  ['a UTF-16 string that fits Latin-1 becomes that', '\\f8\\00k\\00', 2, 2],
  ['one that does not stays UTF-16', '\\03\\26k\\00', 2, 0x8000_0002],
])('of two components that both take latin1+utf16: %s', async (_, data, units, received) => {
  const length = await exportOf(
    `(component
      (component $taker
        (core module $m ${memoryWat} (func (export "length") (param i32 i32) (result i32) (local.get 1)))
        (core instance $i (instantiate $m))
        (func (export "length") (param "text" string) (result u32)
          (canon lift (core func $i "length") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))
            string-encoding=latin1+utf16)))
      (instance $taker (instantiate $taker))
      (core module $giver (memory (export "memory") 1) (data (i32.const 16) "${data}"))
      (core instance $giver (instantiate $giver))
      (core func $length (canon lower (func $taker "length") (memory (core memory $giver "memory")) string-encoding=latin1+utf16))
      (core module $m (import "" "length" (func $length (param i32 i32) (result i32)))
        (func (export "run") (result i32) (call $length (i32.const 16) (i32.const ${0x8000_0000 + units}))))
      (core instance $i (instantiate $m (with "" (instance (export "length" (func $length))))))
      (func (export "run") (result u32) (canon lift (core func $i "run"))))`,
    'run',
  );
  expect(length()).toBe(received);
});
