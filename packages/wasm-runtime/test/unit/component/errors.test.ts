import { expect, test } from 'vitest';
import type { CoreHostFunction, HostInterface } from '../../../src/component/host-interface.ts';
import { instanceOf } from '../../fixtures/component/link-wat.ts';

const host = (version: string, functions: Readonly<Record<string, string>>): HostInterface => ({
  name: 'test:a/b',
  version,
  functions: Object.fromEntries(
    Object.entries(functions).map(([name, type]): [string, CoreHostFunction] => [
      name,
      { type, waits: false, bind: () => () => 0 },
    ]),
  ),
});

/** A component that imports and uses the functions of an interface. */
const importing = (version: string, functions: Readonly<Record<string, string>>): string => {
  const names = Object.keys(functions);
  return `(component
    (import "test:a/b@${version}" (instance $b
      ${names.map((name) => `(export "${name}" (func ${functions[name]}))`).join('\n')}))
    (core module $memory (memory (export "memory") 1))
    (core instance $memory (instantiate $memory))
    ${names
      .map((name) => `(core func (canon lower (func $b "${name}") (memory (core memory $memory "memory"))))`)
      .join('\n')})`;
};

const linking = async (
  version: string,
  functions: Readonly<Record<string, string>>,
  hosts: HostInterface[],
) => instanceOf(importing(version, functions), hosts);

test('all imports that nobody provides are named at once', async () => {
  await expect(
    linking('0.2.3', { one: '', two: '', three: '' }, [host('0.2.8', { two: '() -> ()' })]),
  ).rejects.toThrow(
    expect.objectContaining({
      code: 'UNKNOWN_IMPORT',
      message:
        'nothing provides 2 imports: test:a/b@0.2.3#one (no such function; what is there is of version 0.2.8), ' +
        'test:a/b@0.2.3#three (no such function; what is there is of version 0.2.8)',
    }),
  );
  await expect(linking('0.2.3', { one: '' }, [])).rejects.toThrow('nothing provides test:a/b@0.2.3#one');
});

test('a version of another track is named with what is there', async () => {
  await expect(linking('0.3.0', { one: '' }, [host('0.2.8', { one: '() -> ()' })])).rejects.toThrow(
    'test:a/b@0.3.0#one (what is there is of version 0.2.8)',
  );
});

test.each(['0.2.0', '0.2.8', '0.2.99'])('a host of 0.2.8 serves who asks for %s', async (version) => {
  await expect(linking(version, { one: '' }, [host('0.2.8', { one: '() -> ()' })])).resolves.toBeDefined();
});

test('a function that is imported with another type is refused', async () => {
  await expect(
    linking('0.2.3', { one: '(param "a" u64)' }, [host('0.2.8', { one: '(i32) -> ()' })]),
  ).rejects.toThrow('it is imported as (i64) -> (), and is (i32) -> ()');
});

test.each([
  [
    'an asynchronous function',
    '(component (import "f" (func $f async)) (core func (canon lower (func $f) async)))',
  ],
  [
    'a stream',
    `(component (import "f" (func $f (param "s" (stream u8)))) (core func (canon lower (func $f))))`,
  ],
  ['a built-in of WASI 0.3', '(component (core func (canon backpressure.inc)))'],
  ['an imported component', '(component (import "c" (component)))'],
])('%s is refused as what cannot be linked yet', async (_, wat) => {
  await expect(instanceOf(wat)).rejects.toThrow(expect.objectContaining({ code: 'CANNOT_LINK' }));
});

test('instances that explode are refused', async () => {
  const levels = Array.from({ length: 12 }, (_, level) => level);
  const wat = levels.reduceRight(
    (inside) => `(component $c ${inside} ${'(instance (instantiate $c))'.repeat(4)})`,
    '(component $c)',
  );
  await expect(instanceOf(wat)).rejects.toThrow(/more than 1000 component instances/);
});

test('a component of WASI 0.3 is named as one', async () => {
  await expect(
    instanceOf(`(component
      (core module $m (func (export "run") (result i32) (i32.const 0)))
      (core instance $i (instantiate $m))
      (func $run async (result (result)) (canon lift (core func $i "run")))
      (instance $run (export "run" (func $run)))
      (export "wasi:cli/run@0.3.0" (instance $run)))`),
  ).rejects.toThrow(
    expect.objectContaining({
      code: 'UNSUPPORTED_WASI',
      message: expect.stringContaining('of WASI 0.3 (it exports wasi:cli/run@0.3.0)') as unknown,
    }),
  );
});
