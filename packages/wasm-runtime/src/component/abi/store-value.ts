import type { ValueType } from '@wasmlet/wasm-binary';
import type { LinkedGuest } from '../link/linked-guest.ts';
import { lowerResource } from './guest-resource.ts';
import { isNested, tagOf } from './load-value.ts';
import { type Room, storeCase, storeFlags } from './room.ts';
import { scalars } from './scalars.ts';
import type { Shape, Shapes } from './type-shapes.ts';

/**
 * Writes a value of JavaScript's at `at`, which is in bounds; strings and lists go where the guest's allocator says. Throws a
 * TypeError for a value of another type.
 */
export type StoreValue = (room: Room, at: number, value: unknown, guest: LinkedGuest) => void;

/** Makes what writes values of each type, once. */
export function createStores(shapes: Shapes): (type: ValueType) => StoreValue {
  const known = new WeakMap<ValueType, StoreValue>();
  const storeOf = (type: ValueType): StoreValue => {
    const before = known.get(type);
    if (before !== undefined) return before;
    const store = make(shapes.shapeOf(type));
    known.set(type, store);
    return store;
  };

  const make = (shape: Shape): StoreValue => {
    switch (shape.kind) {
      case 'scalar': {
        const { store } = scalars[shape.of];
        return (room, at, value) => store(room.view(), at, value);
      }
      case 'string':
        return (room, at, value, guest) => {
          if (typeof value !== 'string') throw new TypeError('a string is missing');
          const [pointer, length] = guest.placeString(value);
          storePair(room, at, pointer, length);
        };
      case 'flags':
        return (room, at, value) => storeFlags(room.view(), at, shape.bytes, bitsOf(value, shape.labels));
      case 'record':
        return makeRecord(shape);
      case 'variant':
        return makeVariant(shape);
      case 'list':
        return makeList(shape);
      case 'own':
      case 'borrow':
        return (room, at, value, guest) =>
          room.view().setUint32(at, lowerResource(shape, value, guest), true);
    }
  };

  const makeRecord = ({ fields, tuple }: Extract<Shape, { kind: 'record' }>): StoreValue => {
    const parts = fields.map(({ name, type, offset }) => ({ name, offset, store: storeOf(type) }));
    return (room, at, value, guest) => {
      if (typeof value !== 'object' || value === null) {
        throw new TypeError(`a ${tuple ? 'tuple' : 'record'} is missing`);
      }
      const held = value as Readonly<Record<string, unknown>>;
      for (const { name, offset, store } of parts) store(room, at + offset, held[name], guest);
    };
  };

  const makeVariant = (shape: Extract<Shape, { kind: 'variant' }>): StoreValue => {
    const { of, discriminantBytes, payloadOffset } = shape;
    const stores = shape.cases.map(({ type }) => type && storeOf(type));
    const numbers = new Map(shape.cases.map(({ name }, index) => [tagOf(of, name), index]));
    const plain = of === 'option' && !isNested(shape, shapes);
    return (room, at, value, guest) => {
      const [tag, val] = plain ? [value === undefined ? 'none' : 'some', value] : taggedParts(value, of);
      const number = numbers.get(tag);
      if (number === undefined) throw new TypeError(`${JSON.stringify(tag)} is no case of the ${of}`);
      storeCase(room.view(), at, discriminantBytes, number);
      stores[number]?.(room, at + payloadOffset, val, guest);
    };
  };

  const makeList = ({ element, length, map }: Extract<Shape, { kind: 'list' }>): StoreValue => {
    const { size, alignment } = shapes.layoutOf(element);
    const bytes = element.kind === 'u8';
    const store = storeOf(element);
    const storeAll = (to: Room, start: number, values: readonly unknown[], guest: LinkedGuest): void => {
      values.forEach((value, index) => store(to, start + index * size, value, guest));
    };
    if (length !== undefined) {
      return (room, at, value, guest) => {
        const values = listOf(value, map);
        if (values.length !== length)
          throw new TypeError(`a list of ${length} has ${values.length} elements`);
        storeAll(room, at, values, guest);
      };
    }
    return (room, at, value, guest) => {
      if (bytes && value instanceof Uint8Array) {
        const pointer = guest.allocate(value.length, 1);
        guest.bytes().set(value, pointer);
        return storePair(room, at, pointer, value.length);
      }
      const values = listOf(value, map);
      const pointer = guest.allocate(values.length * size, alignment);
      storeAll(guest, pointer, values, guest);
      return storePair(room, at, pointer, values.length);
    };
  };

  return storeOf;
}

export function storePair(room: Room, at: number, pointer: number, length: number): void {
  const view = room.view();
  view.setUint32(at, pointer, true);
  view.setUint32(at + 4, length, true);
}

function taggedParts(value: unknown, of: string): readonly [tag: string, val: unknown] {
  if (of === 'enum' && typeof value === 'string') return [value, undefined];
  if (typeof value !== 'object' || value === null || !('tag' in value)) {
    throw new TypeError(`a ${of} is ${of === 'enum' ? 'a string' : 'an object with a tag'}`);
  }
  return [String(value.tag), 'val' in value ? value.val : undefined];
}

function listOf(value: unknown, map: boolean): readonly unknown[] {
  if (map && value instanceof Map) return [...value];
  if (Array.isArray(value)) return value;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return Array.from(value as unknown as ArrayLike<unknown>);
  }
  throw new TypeError('a list is missing');
}

function bitsOf(value: unknown, labels: readonly string[]): number {
  if (typeof value !== 'object' || value === null) throw new TypeError('flags are an object of booleans');
  const set = value as Readonly<Record<string, unknown>>;
  return labels.reduce((bits, label, index) => (set[label] ? bits | (1 << index) : bits), 0);
}
