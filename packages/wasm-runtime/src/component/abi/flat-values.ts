import { type FlatType, flattenType, flattenTypes, type ValueType } from '@wasmlet/wasm-binary';
import type { CoreValue } from '../host-interface.ts';
import type { LinkedGuest } from '../link/linked-guest.ts';
import { createJoins } from './join-values.ts';
import { checkCase, storeCase, storeFlags } from './room.ts';
import type { ScalarKind, Shape, Shapes } from './type-shapes.ts';

/** Core values that a value is passed in, read or written one after the other. */
export interface FlatCursor {
  readonly values: readonly CoreValue[];
  at: number;
}

/** Writes flat values of a guest's as they would lie in memory; traps for a case that there is not. */
export type Spill = (flat: FlatCursor, view: DataView, at: number, guest: LinkedGuest) => void;
/** Appends what lies in memory as flat values. */
export type Fill = (view: DataView, at: number, values: CoreValue[]) => void;

export interface FlatValues {
  spillOf(type: ValueType): Spill;
  fillOf(type: ValueType): Fill;
}

/**
 * Makes what turns flat values into ones that lie in memory, and back, so that all else needs to know of memory alone.
 */
export function createFlatValues(shapes: Shapes): FlatValues {
  const joins = createJoins();
  const spills = new WeakMap<ValueType, Spill>();
  const fills = new WeakMap<ValueType, Fill>();
  const spillOf = (type: ValueType): Spill => remember(spills, type, () => makeSpill(shapes.shapeOf(type)));
  const fillOf = (type: ValueType): Fill => remember(fills, type, () => makeFill(shapes.shapeOf(type)));

  const makeSpill = (shape: Shape): Spill => {
    switch (shape.kind) {
      case 'scalar':
        return spillScalar(shape.of);
      case 'own':
      case 'borrow':
        return spillScalar('u32');
      case 'string':
        return spillPair;
      case 'flags':
        return (flat, view, at) => storeFlags(view, at, shape.bytes, next(flat) as number);
      case 'record': {
        const parts = shape.fields.map(({ type, offset }) => ({ offset, spill: spillOf(type) }));
        return (flat, view, at, guest) => {
          for (const { offset, spill } of parts) spill(flat, view, at + offset, guest);
        };
      }
      case 'list': {
        const { element, length } = shape;
        if (length === undefined) return spillPair;
        const { size } = shapes.layoutOf(element);
        const spill = spillOf(element);
        return (flat, view, at, guest) => {
          for (let index = 0; index < length; index += 1) spill(flat, view, at + index * size, guest);
        };
      }
      case 'variant':
        return makeSpillVariant(shape);
    }
  };

  const makeSpillVariant = (shape: Extract<Shape, { kind: 'variant' }>): Spill => {
    const { discriminantBytes, payloadOffset } = shape;
    const joined = joinedTypes(shape);
    const cases = shape.cases.map(({ type }) => type && { spill: spillOf(type), flat: flatOf(type) });
    return (flat, view, at, guest) => {
      const number = (next(flat) as number) >>> 0;
      checkCase(number, cases.length, guest);
      storeCase(view, at, discriminantBytes, number);
      const first = flat.at;
      const held = cases[number];
      if (held) {
        const values = held.flat.map((type, index) =>
          joins.narrow(flat.values[first + index] as CoreValue, joined[index] as FlatType, type),
        );
        held.spill({ values, at: 0 }, view, at + payloadOffset, guest);
      }
      flat.at = first + joined.length;
    };
  };

  const makeFill = (shape: Shape): Fill => {
    switch (shape.kind) {
      case 'scalar':
        return fillScalar(shape.of);
      case 'own':
      case 'borrow':
        return fillScalar('u32');
      case 'string':
        return fillPair;
      case 'flags':
        return fillUnsigned(shape.bytes as 1 | 2 | 4);
      case 'record': {
        const parts = shape.fields.map(({ type, offset }) => ({ offset, fill: fillOf(type) }));
        return (view, at, values) => {
          for (const { offset, fill } of parts) fill(view, at + offset, values);
        };
      }
      case 'list': {
        const { element, length } = shape;
        if (length === undefined) return fillPair;
        const { size } = shapes.layoutOf(element);
        const fill = fillOf(element);
        return (view, at, values) => {
          for (let index = 0; index < length; index += 1) fill(view, at + index * size, values);
        };
      }
      case 'variant':
        return makeFillVariant(shape);
    }
  };

  const makeFillVariant = (shape: Extract<Shape, { kind: 'variant' }>): Fill => {
    const { discriminantBytes, payloadOffset } = shape;
    const joined = joinedTypes(shape);
    const cases = shape.cases.map(({ type }) => type && { fill: fillOf(type), flat: flatOf(type) });
    const fillNumber = fillUnsigned(discriminantBytes);
    return (view, at, values) => {
      const place = values.length;
      fillNumber(view, at, values);
      const held = cases[values[place] as number];
      const own: CoreValue[] = [];
      held?.fill(view, at + payloadOffset, own);
      joined.forEach((type, index) => {
        const value = own[index];
        values.push(
          value === undefined ? zero(type) : joins.widen(value, held?.flat[index] as FlatType, type),
        );
      });
    };
  };

  return { spillOf, fillOf };
}

/** What can hold each of a variant's cases, without its number. */
function joinedTypes({ cases }: Extract<Shape, { kind: 'variant' }>): readonly FlatType[] {
  const held = cases.map(({ name, type }) => ({ name, ...(type && { type }) }));
  return flattenType({ kind: 'variant', cases: held })?.slice(1) ?? [];
}

function flatOf(type: ValueType): readonly FlatType[] {
  return flattenTypes([type]) ?? [];
}

function next(flat: FlatCursor): CoreValue {
  const value = flat.values[flat.at];
  flat.at += 1;
  return value as CoreValue;
}

const spillPair: Spill = (flat, view, at) => {
  view.setUint32(at, next(flat) as number, true);
  view.setUint32(at + 4, next(flat) as number, true);
};

const fillPair: Fill = (view, at, values) => {
  values.push(view.getInt32(at, true), view.getInt32(at + 4, true));
};

function spillScalar(kind: ScalarKind): Spill {
  switch (kind) {
    case 'bool':
      return (flat, view, at) => view.setUint8(at, next(flat) === 0 ? 0 : 1);
    case 's8':
    case 'u8':
      return (flat, view, at) => view.setUint8(at, next(flat) as number);
    case 's16':
    case 'u16':
      return (flat, view, at) => view.setUint16(at, next(flat) as number, true);
    case 's32':
    case 'u32':
    case 'char':
      return (flat, view, at) => view.setUint32(at, next(flat) as number, true);
    case 's64':
    case 'u64':
      return (flat, view, at) => view.setBigUint64(at, next(flat) as bigint, true);
    case 'f32':
      return (flat, view, at) => view.setFloat32(at, next(flat) as number, true);
    case 'f64':
      return (flat, view, at) => view.setFloat64(at, next(flat) as number, true);
  }
}

function fillScalar(kind: ScalarKind): Fill {
  switch (kind) {
    case 'bool':
    case 'u8':
      return fillUnsigned(1);
    case 'u16':
      return fillUnsigned(2);
    case 's8':
      return (view, at, values) => void values.push(view.getInt8(at));
    case 's16':
      return (view, at, values) => void values.push(view.getInt16(at, true));
    case 's32':
    case 'u32':
    case 'char':
      return fillUnsigned(4);
    case 's64':
    case 'u64':
      return (view, at, values) => void values.push(view.getBigInt64(at, true));
    case 'f32':
      return (view, at, values) => void values.push(view.getFloat32(at, true));
    case 'f64':
      return (view, at, values) => void values.push(view.getFloat64(at, true));
  }
}

function fillUnsigned(bytes: 1 | 2 | 4): Fill {
  if (bytes === 1) return (view, at, values) => void values.push(view.getUint8(at));
  if (bytes === 2) return (view, at, values) => void values.push(view.getUint16(at, true));
  return (view, at, values) => void values.push(view.getUint32(at, true));
}

function zero(type: FlatType): CoreValue {
  return type === 'i64' ? 0n : 0;
}

function remember<V extends object>(known: WeakMap<ValueType, V>, type: ValueType, make: () => V): V {
  const before = known.get(type);
  if (before !== undefined) return before;
  const made = make();
  known.set(type, made);
  return made;
}
