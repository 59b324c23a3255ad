import { describe, expect, test } from 'vitest';
import { prepareModule } from '../../../src/isolation/prepare-module.ts';
import { assemble, guests } from '../../fixtures/guests.ts';

describe('preparing a module', () => {
  test('leaves it as it is without a limit, and names where its imports come from', async () => {
    const bytes = await assemble(guests.unknownImports);
    expect(prepareModule('web', bytes, {})).toEqual({ kind: 'ready', bytes, namespaces: new Set(['env']) });
  });

  test('caps its memory to the limit', async () => {
    const prepared = prepareModule('web', await assemble(guests.hello), { memoryBytes: 3 * 65_536 });
    const bytes = prepared.kind === 'ready' ? prepared.bytes : new Uint8Array();
    const imports = { wasi_snapshot_preview1: { fd_write: () => 0 } };
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports);
    const memory = exports['memory'] as WebAssembly.Memory;
    expect(memory.grow(2)).toBe(1);
    expect(() => memory.grow(1)).toThrow(RangeError);
  });

  test('tells that a declared memory does not fit', async () => {
    const prepared = prepareModule('web', await assemble(guests.huge), { memoryBytes: 64 * 1024 * 1024 });
    expect(prepared).toMatchObject({
      kind: 'out-of-memory',
      message: expect.stringContaining('65536 pages') as unknown,
    });
  });
});
