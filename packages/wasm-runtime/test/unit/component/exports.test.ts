import { expect, test } from 'vitest';
import { exportOf, memoryWat } from '../../fixtures/component/link-wat.ts';

/** A component whose function answers what it is given. */
const identity = (type: string, flat: string): string => `(component
  (core module $m ${memoryWat}
    (func (export "same") (param ${flat}) (result i32)
      (local $at i32)
      ${storeAll(flat.split(' '))}
      (local.get $at)))
  (core instance $i (instantiate $m))
  (func (export "same") (param "value" ${type}) (result ${type})
    (canon lift (core func $i "same") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))`;

/** As pairs of 32-bit numbers lie in memory. */
function storeAll(flat: readonly string[]): string {
  return flat
    .map((type, index) => `(${type}.store offset=${index * 4} (i32.const 0) (local.get ${index}))`)
    .join('\n');
}

test('a string comes back as it went in', async () => {
  const same = await exportOf(identity('string', 'i32 i32'), 'same');
  expect(same('grüße, 世界 🌍')).toBe('grüße, 世界 🌍');
});

test('a list of bytes comes back as it went in', async () => {
  const same = await exportOf(identity('(list u8)', 'i32 i32'), 'same');
  expect(same(Uint8Array.of(1, 2, 255))).toEqual(Uint8Array.of(1, 2, 255));
});
