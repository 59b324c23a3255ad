import type { ValueType } from '@wasmlet/wasm-binary';
import type { LinkedGuest } from '../link/linked-guest.ts';
import { liftResource } from './guest-resource.ts';
import { type Allowance, charge, loadCase, loadFlags } from './room.ts';
import { scalars } from './scalars.ts';
import type { Shape, Shapes } from './type-shapes.ts';

/** Reads a value at `at`, which is in bounds, as one of JavaScript. */
export type Load = (view: DataView, at: number, guest: LinkedGuest, allowance: Allowance) => unknown;

/** Makes what reads values of each type, once. */
export function createLoads(shapes: Shapes): (type: ValueType) => Load {
  const known = new WeakMap<ValueType, Load>();
  const loadOf = (type: ValueType): Load => {
    const before = known.get(type);
    if (before !== undefined) return before;
    const load = make(shapes.shapeOf(type));
    known.set(type, load);
    return load;
  };

  const make = (shape: Shape): Load => {
    switch (shape.kind) {
      case 'scalar': {
        const { load } = scalars[shape.of];
        return (view, at, guest) => load(view, at) ?? guest.trap('invalid `char` bit pattern');
      }
      case 'string':
        return (view, at, guest, allowance) => {
          const pointer = view.getUint32(at, true);
          const length = view.getUint32(at + 4, true);
          charge(allowance, guest.stringBytes(pointer, length).length, guest);
          return guest.readString(pointer, length, Infinity);
        };
      case 'flags':
        return (view, at) => flagsOf(loadFlags(view, at, shape.bytes, shape.labels.length), shape.labels);
      case 'record':
        return makeRecord(shape);
      case 'variant':
        return makeVariant(shape);
      case 'list':
        return makeList(shape);
      case 'own':
      case 'borrow':
        return (view, at, guest) => liftResource(shape, view.getUint32(at, true), guest);
    }
  };

  const makeRecord = ({ fields, tuple }: Extract<Shape, { kind: 'record' }>): Load => {
    const parts = fields.map(({ name, type, offset }) => ({ name, offset, load: loadOf(type) }));
    if (tuple) {
      return (view, at, guest, allowance) =>
        parts.map(({ offset, load }) => load(view, at + offset, guest, allowance));
    }
    return (view, at, guest, allowance) => {
      const value: Record<string, unknown> = {};
      for (const { name, offset, load } of parts) value[name] = load(view, at + offset, guest, allowance);
      return value;
    };
  };

  const makeVariant = (shape: Extract<Shape, { kind: 'variant' }>): Load => {
    const { of, payloadOffset } = shape;
    const cases = shape.cases.map(({ name, type }) => ({ tag: tagOf(of, name), load: type && loadOf(type) }));
    const plain = of === 'option' && !isNested(shape, shapes);
    return (view, at, guest, allowance) => {
      const one = cases[loadCase(view, at, shape, guest)];
      const val = one?.load?.(view, at + payloadOffset, guest, allowance);
      if (of === 'enum') return one?.tag;
      if (plain) return val;
      return one?.load ? { tag: one.tag, val } : { tag: one?.tag };
    };
  };

  const makeList = ({ element, length, map }: Extract<Shape, { kind: 'list' }>): Load => {
    const { size, alignment } = shapes.layoutOf(element);
    const bytes = element.kind === 'u8';
    const load = loadOf(element);
    const readAll = (from: Place, guest: LinkedGuest, allowance: Allowance): unknown => {
      const { view, start, count } = from;
      charge(allowance, count * size, guest);
      if (bytes) return new Uint8Array(view.buffer, view.byteOffset + start, count).slice();
      const values: unknown[] = [];
      for (let index = 0; index < count; index += 1) {
        values.push(load(view, start + index * size, guest, allowance));
      }
      return map ? new Map(values as [unknown, unknown][]) : values;
    };
    if (length !== undefined) {
      return (view, at, guest, allowance) => readAll({ view, start: at, count: length }, guest, allowance);
    }
    return (view, at, guest, allowance) => {
      const count = view.getUint32(at + 4, true);
      const start = guest.checkContent(view.getUint32(at, true), count * size, alignment);
      return readAll({ view: guest.view(), start, count }, guest, allowance);
    };
  };

  return loadOf;
}

interface Place {
  readonly view: DataView;
  readonly start: number;
  readonly count: number;
}

/** `err` for `error`, as JavaScript's callers of components know it. */
export function tagOf(of: string, name: string): string {
  return of === 'result' && name === 'error' ? 'err' : name;
}

/** Whether what an option holds may be `undefined` itself; such an option is told as a variant. */
export function isNested(shape: Extract<Shape, { kind: 'variant' }>, shapes: Shapes): boolean {
  const held = shape.cases[1]?.type;
  if (held === undefined) return false;
  const inner = shapes.shapeOf(held);
  return inner.kind === 'variant' && inner.of === 'option';
}

function flagsOf(bits: number, labels: readonly string[]): Record<string, boolean> {
  const flags: Record<string, boolean> = {};
  labels.forEach((label, index) => {
    flags[label] = ((bits >>> index) & 1) === 1;
  });
  return flags;
}
