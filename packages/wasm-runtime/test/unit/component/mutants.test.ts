import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { expect, test } from 'vitest';
import { linkComponent } from '../../../src/component/link/link-component.ts';
import { planComponent } from '../../../src/component/plan/plan-component.ts';
import { RuntimeError } from '../../../src/errors.ts';
import { identityComponent } from '../../fixtures/component/identity-component.ts';
import { functionOf, passes } from '../../fixtures/component/link-wat.ts';
import { createDice, type Dice, randomType, randomValue } from '../../fixtures/component/random-types.ts';

const mutants = 3_000;

function mutate(bytes: Uint8Array, dice: Dice): Uint8Array {
  const copy = bytes.slice();
  for (let left = 1 + dice(3); left > 0; left -= 1) {
    const at = 8 + dice(copy.length - 8);
    copy[at] = dice(2) === 0 ? dice(256) : (copy[at] as number) ^ (1 << dice(8));
  }
  return copy;
}

/** What a mutant may do besides running: be refused, trap, or have another function. */
function isAllowed(error: unknown): boolean {
  return (
    error instanceof RuntimeError ||
    error instanceof WebAssembly.RuntimeError ||
    (error instanceof Error && error.name === 'ComponentTrap') ||
    (error instanceof TypeError && !error.message.includes('undefined'))
  );
}

test('mutants of components are refused, trap, or run', async () => {
  const dice = createDice(7);
  const defects: unknown[] = [];
  let ran = 0;
  for (let round = 0; round < 10; round += 1) {
    const type = randomType(dice, 2);
    const between = { outer: 'utf8', inner: 'utf16' } as const;
    const bytes = await parse(identityComponent(type, 'memory', between));
    const value = randomValue(type, dice);
    const pads = Array.from({ length: 16 }, (_, at) => at);
    for (let left = mutants / 10; left > 0; left -= 1) {
      const mutant = mutate(bytes, dice);
      try {
        const plan = planComponent(mutant, { ...passes, memoryBytes: 16 * 1024 * 1024 });
        const instance = linkComponent(plan, []).instantiate();
        if ('same' in instance.exports) functionOf(instance, 'same')([value, 1], ...pads);
        ran += 1;
      } catch (error) {
        if (!isAllowed(error)) defects.push({ error, mutant: Buffer.from(mutant).toString('base64') });
      }
    }
  }
  expect(defects).toEqual([]);
  expect(ran).toBeGreaterThan(mutants / 100);
});
