import { describe, expect, test } from 'vitest';
import { describeWasm, sniffWasm } from '../../src/index.ts';
import { bytesOf, componentOf, custom, leb, moduleOf, type Part, section } from '../fixtures/bytes.ts';

const nested = (id: number, bytes: Uint8Array): readonly number[] => [id, ...leb(bytes.length), ...bytes];
const importSection = (...items: readonly Part[]) => section(10, ...items);
const exportSection = (...items: readonly Part[]) => section(11, ...items);
const plain = (name: string): Part => [0, name];

describe('a component', () => {
  test('tells the names of its imports and exports, whatever their kinds', () => {
    const bytes = componentOf(
      importSection(
        [plain('wasi:cli/environment@0.2.3'), 5, 0],
        [plain('run'), 1, 3],
        [plain('bytes'), 3, 0, 7],
        [plain('resource'), 3, 1],
        [plain('part'), 4, 200, 1],
        [plain('module'), 0, 0x11, 2],
        [plain('same'), 2, 0, 1],
        [plain('value'), 2, 1, 0x7f],
      ),
      nested(1, moduleOf()),
      exportSection(
        [plain('wasi:cli/run@0.2.3'), 5, 0, 0],
        [plain('typed'), 1, 0, 1, 1, 4],
        [plain('core'), 0, 0x11, 0, 0],
      ),
    );
    expect(describeWasm(bytes)).toEqual({
      kind: 'component',
      imports: ['wasi:cli/environment@0.2.3', 'run', 'bytes', 'resource', 'part', 'module', 'same', 'value'],
      exports: ['wasi:cli/run@0.2.3', 'typed', 'core'],
    });
  });

  test('of nothing is a component', () => {
    expect(describeWasm(componentOf())).toEqual({ kind: 'component', imports: [], exports: [] });
  });

  test('may say names in any of the forms there are, and complete their version', () => {
    const bytes = componentOf(
      importSection(
        [1, 'old:form/of-it', 5, 0],
        [2, 'wasi:http/types@0.2', 1, 1, '.3', 5, 0],
        [2, 'store', 3, 0, 'a:b/c', 2, 'id', 1, '.9', 5, 0],
        [2, 'nothing-more', 0, 5, 0],
      ),
    );
    expect(describeWasm(bytes)).toMatchObject({
      imports: ['old:form/of-it', 'wasi:http/types@0.2.3', 'store.9', 'nothing-more'],
    });
  });

  test('keeps what is nested in it to itself, also when that is no wasm', () => {
    const inner = componentOf(importSection([plain('hidden'), 1, 0]));
    const junk = Uint8Array.of(0xff, 0xff, 0xff);
    const bytes = componentOf(nested(4, inner), nested(1, junk), nested(7, junk), custom('producers', 0xff));
    expect(describeWasm(bytes)).toEqual({ kind: 'component', imports: [], exports: [] });
  });
});

describe('a WIT package', () => {
  const types = nested(7, Uint8Array.of(1, 0x41, 0));

  test('exports types and nothing else', () => {
    const bytes = componentOf(
      custom('wit-component-encoding', 4, 0),
      types,
      exportSection([plain('types'), 3, 0, 0]),
      types,
      exportSection([plain('proxy'), 3, 1, 0]),
    );
    expect(describeWasm(bytes)).toEqual({ kind: 'wit-package', exports: ['types', 'proxy'] });
  });

  test.each([
    ['a module in it', nested(1, moduleOf())],
    ['an instance of one', section(2, [0, 0, 0])],
    ['an import', importSection([plain('a'), 5, 0])],
    ['a function among its exports', exportSection([plain('f'), 1, 0, 0])],
  ])('is a component with %s', (_what, more) => {
    const bytes = componentOf(types, exportSection([plain('types'), 3, 0, 0]), more);
    expect(describeWasm(bytes)).toMatchObject({ kind: 'component' });
  });
});

describe('the first bytes tell', () => {
  test.each([
    ['module', [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]],
    ['component', [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]],
    ['not-wasm', [0, 0x61, 0x73, 0x6d, 2, 0, 0, 0]],
    ['not-wasm', [0, 0x61, 0x73, 0x6d, 1, 0, 2, 0]],
    ['not-wasm', [0, 0x61, 0x73, 0x6d, 1, 0, 0]],
    ['not-wasm', bytesOf(...Buffer.from('(module)'))],
    ['not-wasm', []],
  ])('%s: %o', (kind, bytes) => {
    expect(sniffWasm(Uint8Array.from(bytes))).toBe(kind);
  });
});
