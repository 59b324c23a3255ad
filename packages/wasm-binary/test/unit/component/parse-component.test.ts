import { describe, expect, test } from 'vitest';
import { type Component, parseComponent } from '../../../src/index.ts';
import { componentOf, moduleOf, section } from '../../fixtures/bytes.ts';
import { componentOfText } from '../../fixtures/component-of-text.ts';
import { errorOf } from '../../fixtures/error-of.ts';

const parsed = async (text: string): Promise<Component> => parseComponent(await componentOfText(text));

/** A core module with what canonical definitions need. */
const memory = `
  (core module $libc
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "f") (param i32 i32) (result i32) unreachable)
    (func (export "post") (param i32)))
  (core instance $libc (instantiate $libc))
  (alias core export $libc "memory" (core memory $memory))
  (alias core export $libc "realloc" (core func $realloc))
  (alias core export $libc "f" (core func $f))
  (alias core export $libc "post" (core func $post))`;

test('a component of nothing has nothing', () => {
  expect(parseComponent(componentOf())).toEqual({
    kind: 'component',
    start: 0,
    end: 8,
    imports: [],
    exports: [],
    definitions: [],
    type: { kind: 'component', imports: [], exports: [], importedResources: [], resources: [] },
  });
});

test('what is no component is refused', () => {
  expect(errorOf(() => parseComponent(moduleOf()))).toMatchObject({ code: 'NOT_WASM', offset: 0 });
  expect(errorOf(() => parseComponent(new Uint8Array()))).toMatchObject({ code: 'NOT_WASM' });
});

test('a component can be sent to another thread', async () => {
  const component = await parsed(`${memory} (type (record (field "a" u8)))`);
  expect(structuredClone(component)).toEqual(component);
});

describe('imports', () => {
  test('of an interface bring its resources under their names', async () => {
    const { imports, type } = await parsed(
      `
      (import "wasi:io/streams@0.2.3" (instance $streams
        (export "input-stream" (type $in (sub resource)))
        (export "pair" (type (sub resource)))
        (export "[method]input-stream.read" (func (param "self" (borrow $in)) (param "len" u64) (result (list u8))))))
      (alias export $streams "input-stream" (type $in))
      (import "use" (func (param "in" (own $in))))`.replace(
        '(eq (tuple (own $in) (own $in)))',
        '(sub resource)',
      ),
    );
    const [streams, use] = imports;
    expect(streams).toMatchObject({
      kind: 'import',
      sort: 'instance',
      index: 0,
      name: 'wasi:io/streams@0.2.3',
      parts: { kind: 'interface', namespace: 'wasi', package: 'io', interface: 'streams', version: '0.2.3' },
    });
    const resource = streams?.resources[0]?.resource ?? 0;
    expect(streams?.resources).toMatchObject([{ resource, path: ['input-stream'] }, { path: ['pair'] }]);
    expect(streams?.type).toMatchObject({
      kind: 'instance',
      resources: [],
      exports: [
        { name: 'input-stream', type: { kind: 'type', type: { kind: 'resource', resource } } },
        { name: 'pair' },
        {
          name: '[method]input-stream.read',
          type: {
            kind: 'func',
            params: [
              { name: 'self', type: { kind: 'borrow', resource } },
              { name: 'len', type: { kind: 'u64' } },
            ],
            result: { kind: 'list', element: { kind: 'u8' } },
          },
        },
      ],
    });
    expect(use?.type).toMatchObject({ params: [{ type: { kind: 'own', resource } }] });
    expect(type.importedResources[0]).toEqual({ resource, path: ['wasi:io/streams@0.2.3', 'input-stream'] });
  });

  test('twice of one type bring two resources', async () => {
    const { imports } = await parsed(`
      (type $t (instance (export "r" (type (sub resource)))))
      (import "a" (instance (type $t)))
      (import "b" (instance (type $t)))`);
    const [one, other] = imports.map(({ resources }) => resources[0]?.resource);
    expect(one).toBeTypeOf('number');
    expect(one).not.toBe(other);
  });

  test('and exports may be modules, components and types', async () => {
    const { imports, exports } = await parsed(
      `
      (import "m" (core module $m
        (import "a" "b" (func (param i32))) (import "a" "m" (memory 1 2)) (import "a" "g" (global (mut i64)))
        (export "t" (table 1 funcref))))
      (import "c" (component $c (import "f" (func)) (export "g" (func (result u8)))))
      (import "t" (type $t (sub resource)))
      (export "m2" (core module $m))
      (export "c2" (component $c))
      (export "t2" (type $t))`,
    );
    expect(imports.map(({ sort, index }) => [sort, index])).toEqual([
      ['core-module', 0],
      ['component', 0],
      ['type', 1],
    ]);
    expect(imports[0]?.type).toEqual({
      kind: 'core-module',
      imports: [
        { module: 'a', name: 'b', type: { kind: 'core-func', params: ['i32'], results: [] } },
        {
          module: 'a',
          name: 'm',
          type: {
            kind: 'core-memory',
            limits: { min: 1, max: 2, shared: false, address64: false },
            pageSizeLog2: 16,
          },
        },
        { module: 'a', name: 'g', type: { kind: 'core-global', type: 'i64', mutable: true } },
      ],
      exports: [
        {
          name: 't',
          type: {
            kind: 'core-table',
            element: 'funcref',
            limits: { min: 1, shared: false, address64: false },
          },
        },
      ],
    });
    expect(exports.map(({ sort, index, exported }) => [sort, index, exported])).toEqual([
      ['core-module', 1, 0],
      ['component', 1, 0],
      ['type', 2, 1],
    ]);
  });

  test('say what else they are', async () => {
    const bytes = componentOf(
      section(7, [0x42, 0]),
      section(10, [2, 'store', 2, 0, 'a:b/c', 2, 'https://example.com', 5, 0]),
      section(10, [2, 'a:b/c@0.2', 1, 1, '.3', 5, 0]),
    );
    const { imports } = parseComponent(bytes);
    expect(imports[0]).toMatchObject({
      name: 'store',
      implements: 'a:b/c',
      externalId: 'https://example.com',
    });
    expect(imports[1]).toMatchObject({ name: 'a:b/c@0.2', versionSuffix: '.3', parts: { version: '0.2.3' } });
  });
});

describe('definitions', () => {
  test('are told in order, each with its index', async () => {
    const { definitions } = await parsed(`${memory}
      (type $t (func (param "s" string) (result string)))
      (func $lifted (type $t) (canon lift (core func $f) (memory $memory) (realloc $realloc)
        string-encoding=utf16 (post-return $post)))
      (core func (canon lower (func $lifted) (memory $memory) (realloc $realloc) string-encoding=latin1+utf16))
      (export "f" (func $lifted))`);
    expect(definitions).toMatchObject([
      { kind: 'core-module', index: 0, type: { exports: [{ name: 'memory' }, {}, {}, {}] } },
      { kind: 'core-instance', from: 'module', index: 0, module: 0, args: [] },
      { kind: 'alias', of: 'core-export', sort: 'core-memory', index: 0, instance: 0, name: 'memory' },
      { kind: 'alias', sort: 'core-func', index: 0 },
      { kind: 'alias', sort: 'core-func', index: 1 },
      { kind: 'alias', sort: 'core-func', index: 2 },
      { kind: 'type', index: 0 },
      {
        kind: 'canon',
        op: 'lift',
        sort: 'func',
        index: 0,
        coreFunc: 1,
        options: { encoding: 'utf16', memory: 0, realloc: 0, postReturn: 2, async: false },
      },
      {
        kind: 'canon',
        op: 'lower',
        sort: 'core-func',
        index: 3,
        func: 0,
        options: { encoding: 'latin1+utf16' },
        coreType: { params: ['i32', 'i32', 'i32'], results: [] },
      },
      { kind: 'export', sort: 'func', index: 1, exported: 0, name: 'f' },
    ]);
  });

  test('of core modules tell where their bytes are, also in nested components', async () => {
    const bytes = await componentOfText(`(component (core module (func (export "x"))))`);
    const [nested] = parseComponent(bytes).definitions;
    if (nested?.kind !== 'component') throw new Error('no nested component');
    const [module] = nested.component.definitions;
    if (module?.kind !== 'core-module') throw new Error('no module');
    expect(WebAssembly.Module.exports(new WebAssembly.Module(bytes.slice(module.start, module.end)))).toEqual(
      [{ name: 'x', kind: 'function' }],
    );
  });

  test('reach outward for types, modules and components', async () => {
    const { definitions } = await parsed(`
      (core module $m)
      (core type $ct (func))
      (component $c)
      (type $t (record (field "a" u8)))
      (component
        (component
          (alias outer 2 $m (core module))
          (alias outer 2 $ct (core type))
          (alias outer 2 $c (component))
          (alias outer 2 $t (type $u))
          (type (list $u))))`);
    const outer = definitions.at(-1);
    const inner = outer?.kind === 'component' ? outer.component.definitions[0] : undefined;
    expect(inner?.kind === 'component' && inner.component.definitions).toMatchObject([
      { of: 'outer', sort: 'core-module', scopes: 2, outerIndex: 0, index: 0 },
      { of: 'outer', sort: 'core-type', scopes: 2, outerIndex: 0, index: 0 },
      { of: 'outer', sort: 'component', scopes: 2, outerIndex: 0, index: 0 },
      { of: 'outer', sort: 'type', scopes: 2, outerIndex: 0, index: 0 },
      {
        kind: 'type',
        index: 1,
        type: { kind: 'list', element: { kind: 'record', fields: [{ name: 'a' }] } },
      },
    ]);
  });

  test('of what runs without waiting are named', async () => {
    const { definitions } = await parsed(`${memory}
      (type $s (stream u8)) (type $f (future string))
      (core func (canon task.return (result u8)))
      (core func (canon stream.new $s))
      (core func (canon stream.read $s (memory $memory) async))
      (core func (canon future.read $f (memory $memory) (realloc $realloc) async))
      (core func (canon stream.cancel-read $s))
      (core func (canon subtask.drop))
      (core func (canon waitable-set.new))
      (core func (canon waitable-set.wait (memory $memory)))
      (core func (canon context.get i32 0))
      (core func (canon error-context.new (memory $memory)))`);
    expect(definitions.flatMap((one) => (one.kind === 'canon' ? [one.op] : []))).toEqual([
      'task.return',
      'stream.new',
      'stream.read',
      'future.read',
      'stream.cancel-read',
      'subtask.drop',
      'waitable-set.new',
      'waitable-set.wait',
      'context.get',
      'error-context.new',
    ]);
  });
});
