import { readFile } from 'node:fs/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { createRuntime } from '../../src/index.ts';
import { guests } from '../fixtures/guests.ts';
import { finish, isolations, specIn } from '../fixtures/start-guest.ts';

/** Two functions of C, compiled with line tables. */
const divides = new URL('../../../wasm-binary/test/fixtures/lines/dwarf-5.wasm', import.meta.url);

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

    // A limit of memory moves the code, which has been compiled with a call to grow it.
    test.each([undefined, 1024 * 1024])(
      'says where in the source it was, where the module has line tables; memory limit: %s',
      async (memoryBytes) => {
        const limits = memoryBytes === undefined ? {} : { memoryBytes };
        const { exit } = await finish(await runtime.start(await specOf(await readFile(divides), { limits })));
        expect(exit).toMatchObject({
          trap: 'integer-divide-by-zero',
          backtrace: [
            { name: 'divide', file: '/source/./lib/divide.h', line: 3, column: 16 },
            { name: 'start', file: '/source/main.c', line: 9, column: 7 },
          ],
        });
        expect(exit).toHaveProperty(
          'message',
          expect.stringMatching(
            /<module>!divide\n {8}at \/source\/\.\/lib\/divide\.h:3:16\n.*<module>!start\n {8}at \/source\/main\.c:9:7$/,
          ),
        );
      },
    );
  });
});
