import { afterAll, describe, expect, test } from 'vitest';
import { createRuntime } from '../../src/index.ts';
import { guests } from '../fixtures/guests.ts';
import { finish, isolations, specIn } from '../fixtures/start-guest.ts';

describe.each(isolations)('isolation %s:', (isolation) => {
  const specOf = specIn(isolation);
  const runtime = createRuntime({ allowedIsolation: [isolation] });
  afterAll(() => runtime[Symbol.asyncDispose]());

  describe('a trap', () => {
    test.each([
      ['unreachable', 'unreachable', 'wasm `unreachable` instruction executed'],
      ['outOfBounds', 'memory-out-of-bounds', 'out of bounds memory access'],
      ['tableOutOfBounds', 'table-out-of-bounds', 'undefined element: out of bounds table access'],
      ['signatureMismatch', 'indirect-call-mismatch', 'indirect call type mismatch'],
      ['divideByZero', 'integer-divide-by-zero', 'integer divide by zero'],
      ['conversion', 'integer-overflow', 'integer overflow'],
      ['overflow', 'integer-overflow', 'integer overflow'],
      ['endlessRecursion', 'stack-overflow', 'call stack exhausted'],
      ['uncaughtException', 'other', 'uncaught exception'],
      ['segmentOutOfBounds', 'memory-out-of-bounds', 'out of bounds memory access'],
      ['trapsAtInstantiation', 'unreachable', 'wasm `unreachable` instruction executed'],
    ] as const)('is told in the words of wasmtime: %s', async (guest, trap, words) => {
      const { exit } = await finish(await runtime.start(await specOf(guests[guest])));
      expect(exit).toMatchObject({ kind: 'trapped', trap });
      expect(exit).toHaveProperty('message', expect.stringContaining(`wasm trap: ${words}`));
    });

    test('shows the functions it happened in, by name where the module has names', async () => {
      const { exit } = await finish(await runtime.start(await specOf(guests.unreachable)));
      expect(exit).toHaveProperty(
        'message',
        expect.stringMatching(
          /^wasm trap: wasm `unreachable` instruction executed\nwasm backtrace:\n {2}0: 0x[0-9a-f]+ - <module>!boom\n {2}1: 0x[0-9a-f]+ - <module>!main$/,
        ),
      );
    });
  });
});
