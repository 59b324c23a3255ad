import { expect, test } from 'vitest';
import type { HostInterface, ResourceType } from '../../../src/component/host-interface.ts';
import { instanceOf } from '../../fixtures/component/link-wat.ts';

const starting = (start: string): string => `(component
  (import "test:start/host" (instance $host
    (export "file" (type $file (sub resource)))
    (export "open" (func (result (own $file))))
    (export "exit" (func))))
  (core func $open (canon lower (func $host "open")))
  (core func $exit (canon lower (func $host "exit")))
  (core module $m
    (import "" "open" (func $open (result i32)))
    (import "" "exit" (func $exit))
    (func $start (drop (call $open)) ${start})
    (start $start))
  (core instance (instantiate $m (with "" (instance (export "open" (func $open)) (export "exit" (func $exit)))))))`;

const host = (closed: string[]): HostInterface => {
  const file: ResourceType<string> = { name: 'file', drop: (name) => void closed.push(name) };
  return {
    name: 'test:start/host',
    resources: { file },
    functions: {
      open: { type: '() -> (i32)', waits: false, bind: (guest) => () => guest.handles.insert(file, 'file') },
      exit: { type: '() -> ()', waits: false, bind: (guest) => () => guest.exit(7) },
    },
  };
};

test('a component that traps while it starts gives back what it was given', async () => {
  const closed: string[] = [];
  await expect(instanceOf(starting('unreachable'), [host(closed)])).rejects.toThrow('unreachable');
  expect(closed).toEqual(['file']);
});

test('one that exits while it starts says so, with its code', async () => {
  await expect(instanceOf(starting('(call $exit)'), [host([])])).rejects.toThrow(
    expect.objectContaining({
      message: 'the component has exited with 7 before its start was over',
      ending: { kind: 'exit', code: 7 },
    }),
  );
});

test('what a component broke of the rules while it started is told', async () => {
  const wat = `(component
    (component $child
      (import "f" (func $f (param "of" (option u32))))
      (core func $f (canon lower (func $f)))
      (core module $m (import "" "f" (func $f (param i32 i32)))
        (func $start (call $f (i32.const 2) (i32.const 0)))
        (start $start))
      (core instance (instantiate $m (with "" (instance (export "f" (func $f)))))))
    (component $callee
      (core module $m (func (export "f") (param i32 i32)))
      (core instance $i (instantiate $m))
      (func (export "f") (param "of" (option u32)) (canon lift (core func $i "f"))))
    (instance $callee (instantiate $callee))
    (instance (instantiate $child (with "f" (func $callee "f")))))`;
  await expect(instanceOf(wat)).rejects.toThrow(/invalid variant discriminant/);
});

test('an exception that a component does not catch is told as that by the one that called it', async () => {
  const wat = `(component
    (component $callee
      (core module $m (tag $t) (func (export "f") (throw $t)))
      (core instance $i (instantiate $m))
      (func (export "f") (canon lift (core func $i "f"))))
    (component $caller
      (import "f" (func $f))
      (core func $f (canon lower (func $f)))
      (core module $m (import "" "f" (func $f)) (start $f))
      (core instance (instantiate $m (with "" (instance (export "f" (func $f)))))))
    (instance $callee (instantiate $callee))
    (instance (instantiate $caller (with "f" (func $callee "f")))))`;
  await expect(instanceOf(wat)).rejects.toThrow('uncaught exception');
});
