import { expect, test } from 'vitest';
import type { HostInterface } from '../../../src/component/host-interface.ts';
import { functionOf, instanceOf, memoryWat } from '../../fixtures/component/link-wat.ts';

/** A host whose `read` answers later, with room for it in the guest's memory. */
const slow = (answer: (n: number) => Promise<number>): HostInterface => ({
  name: 'test:slow/read',
  functions: {
    read: {
      type: '(i32) -> (i32)',
      waits: true,
      bind:
        ({ waiting }) =>
        (n: number) =>
          waiting === 'suspend' ? answer(n) : n,
    },
  },
});

const reader = `
  (component $reader
    (import "test:slow/read" (instance $slow (export "read" (func (param "n" u32) (result u32)))))
    (core func $read (canon lower (func $slow "read")))
    (core module $m
      (import "" "read" (func $read (param i32) (result i32)))
      ${memoryWat}
      (func (export "twice") (param i32 i32) (result i32) (i32.mul (i32.const 2) (call $read (local.get 1)))))
    (core instance $i (instantiate $m (with "" (instance (export "read" (func $read))))))
    (func (export "twice") (param "text" string) (result u32)
      (canon lift (core func $i "twice") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))`;

/** A component that calls another one, which waits for the host. */
const composed = `(component
  (import "test:slow/read" (instance $slow (export "read" (func (param "n" u32) (result u32)))))
  ${reader}
  (instance $reader (instantiate $reader (with "test:slow/read" (instance $slow))))
  (core module $memory ${memoryWat} (data (i32.const 0) "hello"))
  (core instance $memory (instantiate $memory))
  (core func $twice (canon lower (func $reader "twice") (memory (core memory $memory "memory"))))
  (core module $m
    (import "" "twice" (func $twice (param i32 i32) (result i32)))
    (func (export "run") (result i32) (i32.add (i32.const 1) (call $twice (i32.const 0) (i32.const 5)))))
  (core instance $i (instantiate $m (with "" (instance (export "twice" (func $twice))))))
  (func (export "run") (result u32) (canon lift (core func $i "run")))
  (func (export "again") (result u32) (canon lift (core func $i "run"))))`;

test.each([false, true])(
  'a guest waits for a host by way of another component; long-lived: %s',
  async (longLived) => {
    const { promise, resolve } = Promise.withResolvers<number>();
    const instance = await instanceOf(composed, [slow(async (n) => n * (await promise))], {
      waiting: 'suspend',
      longLived,
    });
    const told = functionOf(instance, 'run')();
    resolve(10);
    await expect(told).resolves.toBe(101);
  },
);

test('the same guest runs without promises where it waits with the thread', async () => {
  const instance = await instanceOf(composed, [slow(() => Promise.reject(new Error('not asked')))]);
  expect(functionOf(instance, 'run')()).toBe(11);
});

test('an instance that waits cannot be called', async () => {
  const { promise, resolve } = Promise.withResolvers<number>();
  const instance = await instanceOf(composed, [slow(() => promise)], { waiting: 'suspend' });
  const told = functionOf(instance, 'run')();
  expect(() => functionOf(instance, 'again')()).toThrow(/cannot enter component instance/);
  resolve(1);
  await expect(told).resolves.toBe(3);
  await expect(functionOf(instance, 'again')()).resolves.toBe(3);
});

test('what a host rejects with traps the guest', async () => {
  const instance = await instanceOf(composed, [slow(() => Promise.reject(new Error('the disk is gone')))], {
    waiting: 'suspend',
  });
  await expect(functionOf(instance, 'run')()).rejects.toThrow('the disk is gone');
  expect(() => functionOf(instance, 'again')()).toThrow(/has ended/);
});

test('a guest that waits is stopped', async () => {
  const instance = await instanceOf(composed, [slow(() => new Promise(() => {}))], { waiting: 'suspend' });
  const told = functionOf(instance, 'run')();
  instance.stop(new Error('the client has gone'));
  await expect(told).rejects.toThrow('the client has gone');
  expect(() => functionOf(instance, 'again')()).toThrow(/has ended/);
});

test('a guest that is stopped while it does not run is not called again', async () => {
  const instance = await instanceOf(composed, [slow(async (n) => n)], { waiting: 'suspend' });
  instance.stop(new Error('no more'));
  expect(() => functionOf(instance, 'run')()).toThrow(/has been stopped/);
});
