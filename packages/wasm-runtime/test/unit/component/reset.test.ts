import { expect, test } from 'vitest';
import type { HostInterface, ResourceType } from '../../../src/component/host-interface.ts';
import type { ComponentInstance } from '../../../src/component/link/component-instance.ts';
import { functionOf, linkedOf } from '../../fixtures/component/link-wat.ts';

const thing: ResourceType<string> = { name: 'thing' };

/** Gives things, and answers later. */
function hostOf(type: ResourceType<string>): HostInterface {
  return {
    name: 'test:host/things',
    functions: {
      make: { type: '() -> (i32)', waits: false, bind: (guest) => () => guest.handles.insert(type, 'made') },
      wait: { type: '() -> ()', waits: true, bind: () => async () => {} },
    },
    resources: { thing: type },
  };
}

const host = hostOf(thing);

/** A component whose module has this besides a memory, globals, a table and functions on them. */
const component = ({ module = '', start = '' } = {}): string => `(component
  (import "test:host/things" (instance $things
    (export "thing" (type $thing (sub resource)))
    (export "make" (func (result (own $thing))))
    (export "wait" (func))))
  (core func $make (canon lower (func $things "make")))
  (core func $wait (canon lower (func $things "wait")))
  (core module $m
    (import "" "make" (func $make (result i32)))
    (import "" "wait" (func $wait))
    (memory (export "memory") 3 5)
    (data (i32.const 16) "\\07") (data (i32.const 131072) "\\09")
    (global $count (mut i64) (i64.const 41))
    (global $half (mut f64) (f64.const 0.5))
    (table $t 2 funcref) (elem (table $t) (i32.const 0) func $one)
    (func $one (result i32) (i32.const 1))
    (func (export "read") (param i32) (result i32) (i32.load8_u (local.get 0)))
    (func (export "write") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
    (func (export "count") (result i64)
      (global.set $half (f64.add (global.get $half) (f64.const 1)))
      (global.set $count (i64.add (global.get $count) (i64.const 1)))
      (i64.add (global.get $count) (i64.trunc_f64_s (global.get $half))))
    (func (export "call") (param i32) (result i32) (call_indirect (result i32) (local.get 0)))
    (func (export "make") (result i32) (call $make))
    (func (export "wait") (call $wait))
    (func (export "trap") unreachable)
    (func (export "grow") (drop (memory.grow (i32.const 1))))
    ${module} ${start})
  (core instance $i (instantiate $m (with "" (instance (export "make" (func $make)) (export "wait" (func $wait))))))
  (func (export "read") (param "at" u32) (result u8) (canon lift (core func $i "read")))
  (func (export "write") (param "at" u32) (param "value" u8) (canon lift (core func $i "write")))
  (func (export "count") (result s64) (canon lift (core func $i "count")))
  (func (export "call") (param "at" u32) (result u32) (canon lift (core func $i "call")))
  (func (export "make") (result u32) (canon lift (core func $i "make")))
  (func (export "wait") (canon lift (core func $i "wait")))
  (func (export "trap") (canon lift (core func $i "trap")))
  (func (export "grow") (canon lift (core func $i "grow"))))`;

const linked = async (parts: Parameters<typeof component>[0] = {}, waiting: 'sync' | 'suspend' = 'sync') =>
  linkedOf(component(parts), [host], { waiting }, { memories: 'pooled' });
const call = (instance: ComponentInstance, name: string, ...values: readonly unknown[]): unknown =>
  functionOf(instance, name)(...values);

test('an instance that was reset is as one that was made anew: its memory, its globals, its handles', async () => {
  const instance = (await linked()).instantiate();
  for (let round = 0; round < 3; round += 1) {
    expect(call(instance, 'read', 16)).toBe(7);
    expect(call(instance, 'read', 131_072)).toBe(9);
    expect(call(instance, 'read', 100_000)).toBe(0);
    expect(call(instance, 'count')).toBe(43n);
    expect(call(instance, 'call', 0)).toBe(1);
    expect(call(instance, 'make')).toBe(1);
    for (const at of [16, 17, 100_000, 131_072, 131_073, 196_607]) call(instance, 'write', at, 0xee);
    expect(instance.reset()).toBe(true);
  }
  expect(call(instance, 'read', 196_607)).toBe(0);
});

test('what hosts have given is ended by it, once', async () => {
  const dropped: string[] = [];
  const given = hostOf({ name: 'thing', drop: (made) => void dropped.push(made) });
  const instance = (await linkedOf(component(), [given], {}, { memories: 'pooled' })).instantiate();
  call(instance, 'make');
  call(instance, 'make');
  expect(instance.reset()).toBe(true);
  expect(dropped).toEqual(['made', 'made']);
  instance.close();
  expect(dropped).toHaveLength(2);
});

test('one that waits can be reset when it has done', async () => {
  const instance = (await linked({}, 'suspend')).instantiate();
  const waits = call(instance, 'wait');
  expect(instance.reset()).toBe(false);
  await waits;
  await call(instance, 'write', 16, 1);
  expect(instance.reset()).toBe(true);
  await expect(call(instance, 'read', 16)).resolves.toBe(7);
});

test('one that has trapped, was stopped, was closed or whose memory has grown cannot be', async () => {
  const made = await linked();
  const [trapped, stopped, closed, grown] = [
    made.instantiate(),
    made.instantiate(),
    made.instantiate(),
    made.instantiate(),
  ];
  expect(() => call(trapped, 'trap')).toThrow('unreachable');
  stopped.stop(new Error('stopped'));
  closed.close();
  call(grown, 'grow');
  expect([trapped, stopped, closed, grown].map((instance) => instance.reset())).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

test.each([
  ['changes a table', { module: '(func (table.set $t (i32.const 1) (ref.func $one)))' }],
  ['drops data', { module: '(data $d "x") (func (data.drop $d))' }],
  ['has a global of references', { module: '(global (mut funcref) (ref.null func))' }],
  ['has structs', { module: '(type (struct (field (mut i32))))' }],
  ['calls a host while it is made', { start: '(func $start (drop (call $make))) (start $start)' }],
])('an instance of a module that %s cannot be reset', async (_, parts) => {
  expect((await linked(parts)).instantiate().reset()).toBe(false);
});

test('what a module does by itself while it is made is done', async () => {
  const start = '(func $start (i32.store8 (i32.const 20) (i32.const 5))) (start $start)';
  const instance = (await linked({ start })).instantiate();
  call(instance, 'write', 20, 1);
  expect(instance.reset()).toBe(true);
  expect(call(instance, 'read', 20)).toBe(5);
});

test('an instance with memories of its own cannot be reset', async () => {
  const instance = (await linkedOf(component(), [host])).instantiate();
  expect(instance.reset()).toBe(false);
});

test('the globals that are put back are none that a component can name', async () => {
  const wat = component().replace(
    '(func (export "read") (param "at" u32)',
    '(alias core export $i "wasmlet:global-0" (core global $g)) (func (export "read") (param "at" u32)',
  );
  await expect(linkedOf(wat, [host], {}, { memories: 'pooled' })).rejects.toThrow('wasmlet:global-0');
});
