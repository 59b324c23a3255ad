import { expect, test } from 'vitest';
import type { GuestView, HostInterface } from '../../../src/component/host-interface.ts';
import type { ComponentInstance } from '../../../src/component/link/component-instance.ts';
import { functionOf, linkedOf } from '../../fixtures/component/link-wat.ts';

/** Keeps what it sees of its callers, and answers later. */
function seeing(guests: GuestView[], answer: () => Promise<void>): HostInterface {
  return {
    name: 'test:slow/wait',
    functions: {
      wait: {
        type: '() -> ()',
        waits: true,
        bind: (guest) => {
          guests.push(guest);
          return answer;
        },
      },
    },
  };
}

const wat = `(component
  (import "test:slow/wait" (instance $slow (export "wait" (func))))
  (core module $memory (memory (export "memory") 1 4) (data (i32.const 16) "\\07")
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64)))
  (core instance $memory (instantiate $memory))
  (core func $wait (canon lower (func $slow "wait")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core module $m
    (import "" "memory" (memory 1))
    (import "" "wait" (func $wait))
    (func (export "wait") (call $wait))
    (func (export "read") (param i32) (result i32) (i32.load8_u (local.get 0)))
    (func (export "write") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
    (func (export "grow") (result i32) (memory.grow (i32.const 1))))
  (core instance $i (instantiate $m (with "" (instance
    (export "memory" (memory $memory "memory")) (export "wait" (func $wait))))))
  (func (export "wait") (canon lift (core func $i "wait")))
  (func (export "read") (param "at" u32) (result u8) (canon lift (core func $i "read")))
  (func (export "write") (param "at" u32) (param "value" u8) (canon lift (core func $i "write")))
  (func (export "grow") (result u32) (canon lift (core func $i "grow"))))`;

const pooled = async (guests: GuestView[] = [], answer = async (): Promise<void> => {}) =>
  linkedOf(wat, [seeing(guests, answer)], { waiting: 'suspend' }, { memories: 'pooled' });

const call = (instance: ComponentInstance, name: string, ...values: readonly unknown[]): unknown =>
  functionOf(instance, name)(...values);

test('an instance gets the memory of one before it, and nothing that was in it', async () => {
  const linked = await pooled();
  const one = linked.instantiate();
  await call(one, 'write', 1000, 99);
  await call(one, 'write', 16, 1);
  const [memory] = one.memories;
  one.close();
  const two = linked.instantiate();
  expect(two.memories[0]).toBe(memory);
  await expect(call(two, 'read', 1000)).resolves.toBe(0);
  await expect(call(two, 'read', 16)).resolves.toBe(7);
});

test('instances that are there at once have memories of their own', async () => {
  const linked = await pooled();
  expect(linked.instantiate().memories[0]).not.toBe(linked.instantiate().memories[0]);
});

test('a memory that has grown is not used again', async () => {
  const linked = await pooled();
  const one = linked.instantiate();
  await call(one, 'grow');
  const [memory] = one.memories;
  one.close();
  expect(linked.instantiate().memories[0]).not.toBe(memory);
});

test('the memory of an instance that still waits is not used again', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const linked = await pooled([], () => promise);
  const one = linked.instantiate();
  const waits = call(one, 'wait');
  const [memory] = one.memories;
  one.close();
  expect(linked.instantiate().memories[0]).not.toBe(memory);
  resolve();
  await waits;
});

test('a host cannot reach the memory of an instance that has been closed', async () => {
  const guests: GuestView[] = [];
  const linked = await pooled(guests);
  const one = linked.instantiate();
  await call(one, 'wait');
  expect(guests[0]?.bytes()[16]).toBe(7);
  one.close();
  linked.instantiate();
  expect(() => guests[0]?.bytes()).toThrow('unreachable');
  expect(() => guests[0]?.allocate(8, 8)).toThrow('unreachable');
});
