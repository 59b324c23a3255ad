import { describe, expect, test } from 'vitest';
import { prepareModule } from '../../../src/isolation/prepare-module.ts';
import { assemble, guests } from '../../fixtures/guests.ts';

describe('preparing a module', () => {
  test('leaves it as it is, and names where its imports come from', async () => {
    const bytes = await assemble(guests.unknownImports);
    expect(prepareModule('web', bytes, {})).toEqual({
      kind: 'ready',
      format: 'module',
      bytes,
      namespaces: new Set(['env']),
    });
  });

  test('tells that a declared memory does not fit', async () => {
    const prepared = prepareModule('web', await assemble(guests.huge), { memoryBytes: 64 * 1024 * 1024 });
    expect(prepared).toMatchObject({
      kind: 'out-of-memory',
      message: expect.stringContaining('65536 pages') as unknown,
    });
  });

  test('takes a memory that just fits', async () => {
    const bytes = await assemble('(memory 16) (memory 1)');
    expect(prepareModule('web', bytes, { memoryBytes: 17 * 65_536 })).toMatchObject({ kind: 'ready' });
    expect(prepareModule('web', bytes, { memoryBytes: 17 * 65_536 - 1 })).toMatchObject({
      kind: 'out-of-memory',
    });
  });
});
