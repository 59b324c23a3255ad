import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { expect, test } from 'vitest';
import type { HostInterface } from '../../../src/component/host-interface.ts';
import { linkComponent } from '../../../src/component/link/link-component.ts';
import { planComponent } from '../../../src/component/plan/plan-component.ts';
import { functionOf, memoryWat, passes } from '../../fixtures/component/link-wat.ts';

const wit = `package test:words;
  interface words { next: func(count: u32) -> string; }
  world reading { import words; export read: func() -> string; }`;

/** A core module as a toolchain makes it: names by which it is made a component. */
const reader = `(module
  (import "test:words/words" "next" (func $next (param i32 i32)))
  ${memoryWat.replace('"realloc"', '"cabi_realloc"')}
  (func (export "read") (result i32) (call $next (i32.const 3) (i32.const 16)) (i32.const 16)))`;

const componentised = async (core: string): Promise<Uint8Array> =>
  componentNew(await componentEmbed({ binary: await parse(core), witSource: wit, world: 'reading' }), []);

const words: HostInterface = {
  name: 'test:words/words',
  functions: {
    next: {
      type: '(i32 i32) -> ()',
      waits: false,
      bind: (guest) => (count: number, at: number) => guest.storeString(at, 'word '.repeat(count)),
    },
  },
};

test('what a toolchain puts between a module and its imports is left out', async () => {
  const plan = planComponent(await componentised(reader), passes);
  expect(plan.coreInstances).toBe(3);
  expect(plan.steps).toHaveLength(1);
  const instance = linkComponent(plan, [words]).instantiate();
  expect(functionOf(instance, 'read')()).toBe('word word word ');
});

test('a module that only looks as if it forwarded is run', async () => {
  // The same between a module and its import, but that it adds one to what it forwards.
  const plan = planComponent(
    await parse(`(component
      (import "test:words/words" (instance $words (export "next" (func (param "count" u32) (result string)))))
      (core module $shim
        (table $t (export "$imports") 1 1 funcref)
        (type $f (func (param i32 i32)))
        (func (export "0") (type $f)
          (call_indirect (type $f) (i32.add (i32.const 1) (local.get 0)) (local.get 1) (i32.const 0))))
      (core instance $shim (instantiate $shim))
      (core module $m
        (import "" "next" (func $next (param i32 i32)))
        ${memoryWat}
        (func (export "read") (result i32) (call $next (i32.const 1) (i32.const 16)) (i32.const 16)))
      (core instance $i (instantiate $m (with "" (instance (export "next" (func $shim "0"))))))
      (core func $next (canon lower (func $words "next")
        (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
      (core module $fixup
        (import "" "$imports" (table 1 1 funcref)) (import "" "0" (func (param i32 i32))) (elem (i32.const 0) func 0))
      (core instance (instantiate $fixup (with "" (instance
        (export "$imports" (table $shim "$imports")) (export "0" (func $next))))))
      (func (export "read") (result string) (canon lift (core func $i "read") (memory (core memory $i "memory")))))`),
    passes,
  );
  expect(plan.steps).toHaveLength(3);
  expect(functionOf(linkComponent(plan, [words]).instantiate(), 'read')()).toBe('word word ');
});

test('a plan survives being sent to another thread', async () => {
  const plan = structuredClone(planComponent(await componentised(reader), passes));
  expect(functionOf(linkComponent(plan, [words]).instantiate(), 'read')()).toBe('word word word ');
});

test('a plan tells the memory that its instances begin with', async () => {
  const plan = planComponent(await componentised(reader), passes);
  const [step] = plan.steps;
  expect(plan.modules[step?.module ?? -1]?.memories).toEqual([
    { initialBytes: 65_536, exportName: 'memory', importable: true },
  ]);
});
