import { componentEmbed, componentNew, metadataShow } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, test } from 'vitest';
import { type Component, describeWasm, parseComponent } from '../../../src/index.ts';
import { componentOfText } from '../../fixtures/component-of-text.ts';

// Shaped as WASI's interfaces are, with every kind of type that they have and some more.
const wit = `
  package example:shapes@0.2.1;

  interface streams {
    resource pollable { ready: func() -> bool; }
    resource input-stream {
      read: func(len: u64) -> result<list<u8>, stream-error>;
      subscribe: func() -> pollable;
    }
    variant stream-error { failed(error), closed }
    resource error { to-debug-string: func() -> string; }
  }

  interface types {
    use streams.{input-stream, pollable};
    type header = tuple<string, list<u8>>;
    enum level { low, high }
    flags rights { read, write, exec }
    record options { headers: list<header>, level: option<level>, rights: rights, mark: char }
    variant method { get, other(string) }
    resource request {
      constructor(options: options);
      parse: static func(text: string) -> result<request>;
      method: func() -> method;
      set-method: func(method: method) -> result;
      consume: func() -> result<input-stream, string>;
    }
    poll: func(all: list<borrow<pollable>>) -> list<u32>;
    many: func(a: f32, b: f64, c: s8, d: s16, e: s32, f: s64, g: string, h: string, i: string, j: string, k: string, l: string) -> tuple<f32, f64>;
  }

  interface handler {
    use types.{request};
    resource session { constructor(); next: func(request: request) -> string; }
    handle: func(request: request) -> result<u32, string>;
  }

  world server {
    import types;
    import log: func(message: string);
    import plain: interface { tick: func(); }
    export handler;
    export start: func(args: list<string>) -> result;
  }`;

const made = await componentNew(await componentEmbed({ witSource: wit, world: 'server', dummy: true }));
const component = parseComponent(made);

const namesOf = ({ imports, exports }: Component) => ({
  imports: imports.map(({ name }) => name),
  exports: exports.map(({ name }) => name),
});

describe('a component by a toolchain', () => {
  test('has the imports and exports of its world', () => {
    expect(namesOf(component)).toEqual({
      imports: ['example:shapes/streams@0.2.1', 'example:shapes/types@0.2.1', 'plain', 'log'],
      exports: ['start', 'example:shapes/handler@0.2.1'],
    });
    expect(describeWasm(made)).toEqual({ kind: 'component', ...namesOf(component) });
  });

  test('tells where its core modules are', async () => {
    const ranges = component.definitions.flatMap((one) =>
      one.kind === 'core-module' ? [[one.start, one.end]] : [],
    );
    const shown = (await metadataShow(made)).filter(
      ({ metaType, parentIndex }) => metaType.tag === 'module' && parentIndex === 0,
    );
    expect(ranges).toEqual(shown.map(({ range }) => [...range]));
    for (const [start, end] of ranges) expect(WebAssembly.validate(made.slice(start, end))).toBe(true);
  });

  test('lowers its imports with the core types that its module wants', () => {
    const lowered = component.definitions.flatMap((one) =>
      one.kind === 'canon' && one.op === 'lower' ? [one] : [],
    );
    const many = lowered.find(({ type }) => type.params.length === 12);
    expect(many?.coreType).toEqual({
      kind: 'core-func',
      params: ['i32', 'i32'],
      results: [],
    });
    expect(lowered.find(({ type }) => type.params[0]?.name === 'message')).toMatchObject({
      coreType: { params: ['i32', 'i32'], results: [] },
      options: { encoding: 'utf8', memory: 0 },
    });
  });

  test('names its resources, imported and its own', () => {
    expect(component.type.importedResources.map(({ path }) => path.at(-1))).toEqual(
      expect.arrayContaining(['pollable', 'input-stream', 'error', 'request']),
    );
    expect(component.type.resources.map(({ path }) => path)).toEqual([
      ['example:shapes/handler@0.2.1', 'session'],
    ]);
  });
});

test.each(['utf8', 'utf16', 'compact-utf16'] as const)('strings in %s are told', async (stringEncoding) => {
  const bytes = await componentNew(
    await componentEmbed({ witSource: wit, world: 'server', dummy: true, stringEncoding }),
  );
  const encodings = parseComponent(bytes).definitions.flatMap((one) =>
    one.kind === 'canon' && one.op === 'lift' && one.options.memory !== undefined
      ? [one.options.encoding]
      : [],
  );
  expect(new Set(encodings)).toEqual(
    new Set([stringEncoding === 'compact-utf16' ? 'latin1+utf16' : stringEncoding]),
  );
});

test('components in components in components are read, and what they give each other', async () => {
  const inner = `
    (component $inner
      (import "log" (func $log (param "m" u32)))
      (core module $m (import "h" "log" (func (param i32))) (func (export "run") (param i32)))
      (core func $lowered (canon lower (func $log)))
      (core instance $i (instantiate $m (with "h" (instance (export "log" (func $lowered))))))
      (func $run (param "m" u32) (canon lift (core func $i "run")))
      (export "log" (func $run)))`;
  const middle = `
    (component $middle
      (import "log" (func $log (param "m" u32)))
      ${inner}
      (instance $a (instantiate $inner (with "log" (func $log))))
      (instance $b (instantiate $inner (with "log" (func $a "log"))))
      (export "log" (func $b "log")))`;
  const { definitions, type } = parseComponent(
    await componentOfText(`
      (import "log" (func $log (param "m" u32)))
      ${middle}
      (instance $m (instantiate $middle (with "log" (func $log))))
      (export "a:b/logger@1.0.0" (instance $m))`),
  );
  const [outer] = definitions.flatMap((one) => (one.kind === 'component' ? [one.component] : []));
  const [deepest] =
    outer?.definitions.flatMap((one) => (one.kind === 'component' ? [one.component] : [])) ?? [];
  expect(deepest?.definitions.map(({ kind }) => kind)).toEqual([
    'type',
    'import',
    'core-module',
    'canon',
    'core-instance',
    'core-instance',
    'type',
    'alias',
    'canon',
    'export',
  ]);
  expect(type.exports).toMatchObject([
    {
      name: 'a:b/logger@1.0.0',
      type: { exports: [{ name: 'log', type: { params: [{ name: 'm', type: { kind: 'u32' } }] } }] },
    },
  ]);
});
