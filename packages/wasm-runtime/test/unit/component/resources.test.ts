import { expect, test } from 'vitest';
import type { HostInterface, ResourceType } from '../../../src/component/host-interface.ts';
import { functionOf, instanceOf } from '../../fixtures/component/link-wat.ts';

/** A counter that a component defines: `rep` is its count, the destructor adds it to `dropped`. */
const counters = `
  (component $counters
    (core module $destructor
      (global $dropped (mut i32) (i32.const 0))
      (func (export "dtor") (param i32) (global.set $dropped (i32.add (global.get $dropped) (local.get 0))))
      (func (export "dropped") (result i32) (global.get $dropped)))
    (core instance $d (instantiate $destructor))
    (type $counter' (resource (rep i32) (dtor (core func $d "dtor"))))
    (export $counter "counter" (type $counter'))
    (core func $new (canon resource.new $counter'))
    (core func $rep (canon resource.rep $counter'))
    (core func $drop (canon resource.drop $counter'))
    (core module $m
      (import "" "new" (func $new (param i32) (result i32)))
      (import "" "rep" (func $rep (param i32) (result i32)))
      (import "" "drop" (func $drop (param i32)))
      (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
      (func (export "count") (param i32) (result i32) (local.get 0))
      (func (export "finish") (param i32) (result i32) (local $rep i32)
        (local.set $rep (call $rep (local.get 0)))
        (call $drop (local.get 0))
        (local.get $rep)))
    (core instance $i (instantiate $m (with "" (instance
      (export "new" (func $new)) (export "rep" (func $rep)) (export "drop" (func $drop))))))
    (func (export "make") (param "count" u32) (result (own $counter)) (canon lift (core func $i "make")))
    (func (export "count") (param "of" (borrow $counter)) (result u32) (canon lift (core func $i "count")))
    (func (export "finish") (param "counter" (own $counter)) (result u32) (canon lift (core func $i "finish")))
    (func (export "dropped") (result u32) (canon lift (core func $d "dropped"))))`;

/** A component around it, whose own core code is \`user\`: it imports \`make\`, \`count\`, \`finish\` and \`drop\`. */
const using = (user: string): string => `(component
  ${counters}
  (instance $c (instantiate $counters))
  (alias export $c "counter" (type $counter))
  (core func $make (canon lower (func $c "make")))
  (core func $count (canon lower (func $c "count")))
  (core func $finish (canon lower (func $c "finish")))
  (core func $drop (canon resource.drop $counter))
  (core module $m
    (import "" "make" (func $make (param i32) (result i32)))
    (import "" "count" (func $count (param i32) (result i32)))
    (import "" "finish" (func $finish (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "run") (result i32) (local $h i32) ${user}))
  (core instance $i (instantiate $m (with "" (instance
    (export "make" (func $make)) (export "count" (func $count))
    (export "finish" (func $finish)) (export "drop" (func $drop))))))
  (func (export "run") (result u32) (canon lift (core func $i "run")))
  (export "dropped" (func $c "dropped")))`;

const run = async (user: string): Promise<{ run: () => unknown; dropped: () => unknown }> => {
  const instance = await instanceOf(using(user));
  return { run: functionOf(instance, 'run'), dropped: functionOf(instance, 'dropped') };
};

const made = '(local.set $h (call $make (i32.const 7)))';

test('a component lends its handle to the one that defines the resource, which sees what is behind it', async () => {
  const { run: count } = await run(`${made} (call $count (local.get $h))`);
  expect(count()).toBe(7);
});

test('dropping a handle runs the destructor of the component that defines the resource', async () => {
  const { run: drop, dropped } = await run(`${made} (call $drop (local.get $h)) (i32.const 1)`);
  drop();
  expect(dropped()).toBe(7);
});

test('a handle that is given away is gone', async () => {
  const { run: twice } = await run(
    `${made} (drop (call $finish (local.get $h))) (call $count (local.get $h))`,
  );
  expect(twice).toThrow(/unknown handle index 1/);
});

test.each([
  ['dropped twice', `${made} (call $drop (local.get $h)) (call $drop (local.get $h)) (i32.const 0)`],
  ['made up', `(call $count (i32.const 99))`],
  ['zero', `(call $count (i32.const 0))`],
  ['negative', `(call $count (i32.const -1))`],
])('a handle that is %s traps', async (_, user) => {
  const { run: misuse } = await run(user);
  expect(misuse).toThrow(/unknown handle index/);
});

test('an instance that has trapped cannot be called again', async () => {
  const { run: misuse, dropped } = await run('(call $count (i32.const 99))');
  expect(misuse).toThrow(/unknown handle/);
  expect(dropped).toThrow(/has ended/);
});

test('handles are capped', async () => {
  const user = '(loop $l (drop (call $make (i32.const 1))) (br $l)) (i32.const 0)';
  const instance = await instanceOf(using(user), [], { maxHandles: 100 });
  expect(functionOf(instance, 'run')).toThrow(/more than 100 handles/);
});

test('JavaScript owns, lends and drops the resource of a component', async () => {
  const instance = await instanceOf(`(component ${counters}
    (instance $c (instantiate $counters))
    (export "counters" (instance $c)))`);
  const call = (name: string, ...values: readonly unknown[]): unknown =>
    functionOf(instance, 'counters', name)(...values);
  const counter = call('make', 5);
  expect(call('count', counter)).toBe(5);
  expect(call('finish', counter)).toBe(5);
  expect(() => call('count', counter)).toThrow(TypeError);
  const other = call('make', 3) as { drop(): void };
  other.drop();
  other.drop();
  expect(call('dropped')).toBe(8);
  const last = call('make', 1) as { drop(): void };
  instance.close();
  expect(() => last.drop()).toThrow(/has ended/);
});

interface File {
  readonly name: string;
  closed: boolean;
}
const fileType: ResourceType<File> = {
  name: 'file',
  drop: (file) => {
    file.closed = true;
  },
};

function filesHost(opened: File[]): HostInterface {
  return {
    name: 'test:files/files',
    version: '1.0.0',
    resources: { file: fileType },
    functions: {
      open: {
        type: '() -> (i32)',
        waits: false,
        bind: (guest) => () => {
          const file = { name: `file ${opened.length}`, closed: false };
          opened.push(file);
          return guest.handles.insert(fileType, file);
        },
      },
      '[method]file.length': {
        type: '(i32) -> (i32)',
        waits: false,
        bind: (guest) => (handle: number) => guest.handles.get(fileType, handle).name.length,
      },
    },
  };
}

const files = (user: string): string => `(component
  (import "test:files/files@1.0.3" (instance $files
    (export "file" (type $file (sub resource)))
    (export "open" (func (result (own $file))))
    (export "[method]file.length" (func (param "self" (borrow $file)) (result u32)))))
  (alias export $files "file" (type $file))
  (core func $open (canon lower (func $files "open")))
  (core func $length (canon lower (func $files "[method]file.length")))
  (core func $drop (canon resource.drop $file))
  (core module $m
    (import "" "open" (func $open (result i32)))
    (import "" "length" (func $length (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "run") (result i32) (local $h i32) ${user})
    (func (export "keep") (param i32))
    (func (export "let-go") (param i32) (call $drop (local.get 0))))
  (core instance $i (instantiate $m (with "" (instance
    (export "open" (func $open)) (export "length" (func $length)) (export "drop" (func $drop))))))
  (func (export "run") (result u32) (canon lift (core func $i "run")))
  (func (export "keep") (param "file" (borrow $file)) (canon lift (core func $i "keep")))
  (func (export "let-go") (param "file" (borrow $file)) (canon lift (core func $i "let-go"))))`;

test('the resource of a host is used, dropped and ended with the instance', async () => {
  const opened: File[] = [];
  const user = '(call $drop (call $open)) (local.set $h (call $open)) (call $length (local.get $h))';
  const instance = await instanceOf(files(user), [filesHost(opened)]);
  expect(functionOf(instance, 'run')()).toBe('file 1'.length);
  expect(opened.map(({ closed }) => closed)).toEqual([true, false]);
  instance.close();
  expect(opened.map(({ closed }) => closed)).toEqual([true, true]);
});

test('a borrow that is kept after the call traps, one that is dropped does not close', async () => {
  const instance = await instanceOf(files('(i32.const 0)'), [filesHost([])]);
  const file = { name: '', closed: false };
  functionOf(instance, 'let-go')(file);
  expect(file.closed).toBe(false);
  expect(() => functionOf(instance, 'keep')(file)).toThrow(/borrow handles still remain/);
});

test('a component asks what is behind its own handle in its clean-up after a call, too', async () => {
  const instance = await instanceOf(`(component
    (type $r (resource (rep i32)))
    (core func $new (canon resource.new $r))
    (core func $rep (canon resource.rep $r))
    (core module $m
      (import "" "new" (func $new (param i32) (result i32)))
      (import "" "rep" (func $rep (param i32) (result i32)))
      (global $seen (mut i32) (i32.const 0))
      (func (export "make") (result i32) (call $new (i32.const 123)))
      (func (export "after") (param i32) (global.set $seen (call $rep (local.get 0))))
      (func (export "seen") (result i32) (global.get $seen)))
    (core instance $i (instantiate $m (with "" (instance (export "new" (func $new)) (export "rep" (func $rep))))))
    (func (export "make") (result u32) (canon lift (core func $i "make") (post-return (core func $i "after"))))
    (func (export "seen") (result u32) (canon lift (core func $i "seen"))))`);
  functionOf(instance, 'make')();
  expect(functionOf(instance, 'seen')()).toBe(123);
});
