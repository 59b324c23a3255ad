import { flattenType, type StringEncoding } from '@wasmlet/wasm-binary';
import { describe, expect, test } from 'vitest';
import { identityComponent } from '../../fixtures/component/identity-component.ts';
import { exportOf } from '../../fixtures/component/link-wat.ts';
import { createDice, randomType, randomValue, scalarKinds } from '../../fixtures/component/random-types.ts';

const encodings: readonly StringEncoding[] = ['utf8', 'utf16', 'latin1+utf16'];
const types = 100;
const valuesEach = 10;

describe.each(['flat', 'memory'] as const)('values of random types, passed as %s', (how) => {
  test('come back through two components as they went in', async () => {
    const dice = createDice(how === 'flat' ? 1 : 2);
    for (let tried = 0; tried < types; ) {
      const type = randomType(dice, 1 + dice(3));
      if (how === 'flat' && flattenType(type, 15) === undefined) continue;
      tried += 1;
      const between = { outer: encodings[dice(3)] ?? 'utf8', inner: encodings[dice(3)] ?? 'utf8' };
      const same = await exportOf(identityComponent(type, how, between), 'same');
      const pads = how === 'flat' ? [] : Array.from({ length: 16 }, (_, at) => at);
      for (let left = valuesEach; left > 0; left -= 1) {
        const value = randomValue(type, dice);
        const back = same([value, 4_294_967_295], ...pads);
        expect({ type, back }).toEqual({ type, back: [value, 4_294_967_295] });
      }
    }
  });
});

test.each(scalarKinds)('a single %s comes back as a core value', async (kind) => {
  const flat = flattenType({ kind })?.[0];
  const same = await exportOf(
    `(component
      (core module $m (func (export "same") (param ${flat}) (result ${flat}) (local.get 0)))
      (core instance $i (instantiate $m))
      (func (export "same") (param "value" ${kind}) (result ${kind}) (canon lift (core func $i "same"))))`,
    'same',
  );
  const dice = createDice(3);
  for (let left = 50; left > 0; left -= 1) {
    const value = randomValue({ kind }, dice);
    expect(same(value)).toBe(value);
  }
});
