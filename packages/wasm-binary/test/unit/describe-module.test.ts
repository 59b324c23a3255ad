import { describe, expect, test } from 'vitest';
import { describeWasm } from '../../src/index.ts';
import { assemble } from '../fixtures/assemble.ts';
import { bytesOf, custom, leb, moduleOf, section } from '../fixtures/bytes.ts';

const empty = { kind: 'module', imports: [], exports: [], memories: [], tables: [] };

describe('a module', () => {
  test('of nothing has nothing', () => {
    expect(describeWasm(moduleOf())).toEqual(empty);
  });

  test('tells its imports and exports in order, of every kind', async () => {
    const bytes = await assemble(`
      (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
      (import "env" "table" (table 1 2 funcref))
      (import "env" "memory" (memory 3 4))
      (import "env" "global" (global (mut i64)))
      (import "env" "tag" (tag (param i32)))
      (func (export "_start"))
      (export "t" (table 0)) (export "memory" (memory 0)) (export "g" (global 0)) (export "e" (tag 0))`);
    expect(describeWasm(bytes)).toEqual({
      kind: 'module',
      imports: [
        { module: 'wasi_snapshot_preview1', name: 'fd_write', kind: 'function' },
        { module: 'env', name: 'table', kind: 'table' },
        { module: 'env', name: 'memory', kind: 'memory' },
        { module: 'env', name: 'global', kind: 'global' },
        { module: 'env', name: 'tag', kind: 'tag' },
      ],
      exports: [
        { name: '_start', kind: 'function' },
        { name: 't', kind: 'table' },
        { name: 'memory', kind: 'memory' },
        { name: 'g', kind: 'global' },
        { name: 'e', kind: 'tag' },
      ],
      memories: [{ minPages: 3, maxPages: 4, shared: false, memory64: false, imported: true }],
      tables: [{ min: 1, max: 2, table64: false, element: [0x70], imported: true }],
    });
  });

  test.each([
    ['(memory 0)', { minPages: 0, shared: false, memory64: false }],
    ['(memory 1 65536)', { minPages: 1, maxPages: 65_536, shared: false, memory64: false }],
    ['(memory 1 2 shared)', { minPages: 1, maxPages: 2, shared: true, memory64: false }],
    ['(memory i64 300000 400000)', { minPages: 300_000, maxPages: 400_000, shared: false, memory64: true }],
  ])('tells the size of its memory: %s', async (text, memory) => {
    expect(describeWasm(await assemble(text))).toEqual({
      ...empty,
      memories: [{ ...memory, imported: false }],
    });
  });

  test('tells all its memories and tables', async () => {
    const bytes = await assemble('(memory 1) (memory 2 3) (table 4 funcref) (table 5 6 externref)');
    expect(describeWasm(bytes)).toMatchObject({
      memories: [{ minPages: 1 }, { minPages: 2, maxPages: 3 }],
      tables: [{ min: 4 }, { min: 5, max: 6 }],
    });
  });

  test('reads over types of references and initial values that V8 takes', () => {
    const nullable = [0x63, 0x70];
    const anyref = 0x6e;
    const bytes = moduleOf(
      section(1, [0x60, 0, 0], [0x5e, 0x7f, 1], [0x5f, 1, 0x7f, 0]),
      section(2, ['m', 'g', 3, nullable, 0]),
      section(
        4,
        [nullable, 0, 1],
        [0x40, 0, 0x70, 1, 1, 2, 0x23, 0, 0x0b],
        [0x40, 0, anyref, 0, 1, 0x41, 0xff, 0x00, 0x41, 1, 0x6a, 0xfb, 0x1c, 0x0b],
        [0x40, 0, anyref, 0, 1, 0x41, 1, 0xfb, 0x08, 1, 1, 0x0b],
        [0x40, 0, anyref, 0, 1, 0xfb, 0x01, 2, 0x0b],
        [0x40, 0, 0x6f, 0, 1, 0xd0, 0x6e, 0xfb, 0x1b, 0x0b],
      ),
    );
    expect(WebAssembly.validate(bytes)).toBe(true);
    expect(describeWasm(bytes)).toMatchObject({
      imports: [{ module: 'm', name: 'g', kind: 'global' }],
      tables: [
        { min: 1, element: nullable },
        { min: 1, max: 2 },
        { min: 1 },
        { min: 1 },
        { min: 1 },
        { min: 1 },
      ],
    });
  });

  test('may have custom sections anywhere, with anything in them', () => {
    const junk = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    const types = section(1, [0x60, 0, 0]);
    const bytes = moduleOf(custom('a', junk), types, custom('name', junk), custom('', 2, 0x80), custom('z'));
    expect(describeWasm(bytes)).toEqual(empty);
  });

  test('may have names of any characters', () => {
    const name = '\uFEFF/é/\u{1F980}/\0';
    const bytes = moduleOf(section(1, [0x60, 0, 0]), section(2, [name, name, 0, 0]));
    expect(describeWasm(bytes)).toMatchObject({ imports: [{ module: name, name }] });
  });

  test('may write numbers longer than they need be, as long as they could be', () => {
    const long = [0x81, 0x80, 0x80, 0x80, 0x00];
    expect(describeWasm(moduleOf(5, 0x87, 0x80, 0x00, 1, 0, long))).toMatchObject({
      memories: [{ minPages: 1 }],
    });
  });

  test('is read where it stands in a larger buffer', () => {
    const module = moduleOf(section(5, [0, 7]));
    const buffer = Buffer.concat([Buffer.alloc(3), module, Buffer.alloc(5, 0xff)]);
    expect(describeWasm(buffer.subarray(3, 3 + module.length))).toMatchObject({
      memories: [{ minPages: 7 }],
    });
  });

  test('tells sizes of 64 bits, near enough', () => {
    const bytes = moduleOf(section(5, [4, leb(2n ** 64n - 1n)]));
    expect(describeWasm(bytes)).toMatchObject({ memories: [{ minPages: 2 ** 64, memory64: true }] });
  });
});

test('bytes are laid as the format has them', () => {
  expect(bytesOf('ab', [1, 'c'])).toEqual([2, 0x61, 0x62, 1, 1, 0x63]);
  expect(leb(624_485)).toEqual([0xe5, 0x8e, 0x26]);
});
