import type { ValueType } from '@wasmlet/wasm-binary';
import type { LinkedGuest } from '../link/linked-guest.ts';
import { moveResource } from './guest-resource.ts';
import { loadCase, loadFlags, type Room, storeCase, storeFlags } from './room.ts';
import { isChar, scalars } from './scalars.ts';
import { storePair } from './store-value.ts';
import type { Shape, Shapes } from './type-shapes.ts';

/** A call from one component to another, while values are moved. */
export interface Move {
  readonly from: LinkedGuest;
  readonly to: LinkedGuest;
  /** Handles of `from` that the call borrows. */
  readonly lent: number[];
}

/** Copies a value from one memory to another, without a value of JavaScript's in between; both places are in bounds. */
export type CopyValue = (source: DataView, at: number, target: Room, to: number, move: Move) => void;

/** Makes what copies values of each type, once. */
export function createCopies(shapes: Shapes): (type: ValueType) => CopyValue {
  const known = new WeakMap<ValueType, CopyValue>();
  const plain = new WeakMap<ValueType, boolean>();

  const copyOf = (type: ValueType): CopyValue => {
    const before = known.get(type);
    if (before !== undefined) return before;
    const copy = make(shapes.shapeOf(type));
    known.set(type, copy);
    return copy;
  };

  /** Whether all patterns of bits are values of the type, and mean the same everywhere. */
  const isPlain = (type: ValueType): boolean => {
    const before = plain.get(type);
    if (before !== undefined) return before;
    const shape = shapes.shapeOf(type);
    const answer =
      shape.kind === 'scalar'
        ? scalars[shape.of].plain
        : shape.kind === 'record' && shape.fields.every((field) => isPlain(field.type));
    plain.set(type, answer);
    return answer;
  };

  const make = (shape: Shape): CopyValue => {
    switch (shape.kind) {
      case 'scalar':
        return scalarCopies[shape.of === 'bool' || shape.of === 'char' ? shape.of : scalars[shape.of].size];
      case 'string':
        return copyString;
      case 'flags': {
        const { bytes, labels } = shape;
        return (source, at, target, to) =>
          storeFlags(target.view(), to, bytes, loadFlags(source, at, bytes, labels.length));
      }
      case 'record': {
        const parts = shape.fields.map(({ type, offset }) => ({ offset, copy: copyOf(type) }));
        return (source, at, target, to, move) => {
          for (const { offset, copy } of parts) copy(source, at + offset, target, to + offset, move);
        };
      }
      case 'variant': {
        const { discriminantBytes, payloadOffset } = shape;
        const copies = shape.cases.map(({ type }) => type && copyOf(type));
        return (source, at, target, to, move) => {
          const number = loadCase(source, at, shape, move.from);
          storeCase(target.view(), to, discriminantBytes, number);
          copies[number]?.(source, at + payloadOffset, target, to + payloadOffset, move);
        };
      }
      case 'list':
        return makeList(shape);
      case 'own':
      case 'borrow':
        return (source, at, target, to, move) => {
          const handle = moveResource(shape, source.getUint32(at, true), move);
          target.view().setUint32(to, handle, true);
        };
    }
  };

  const makeList = ({ element, length }: Extract<Shape, { kind: 'list' }>): CopyValue => {
    const { size, alignment } = shapes.layoutOf(element);
    const copy = copyOf(element);
    const asBytes = isPlain(element);
    const copyAll: CopyAll = (source, at, target, to, { count, move }) => {
      if (asBytes) {
        const view = target.view();
        const bytes = count * size;
        new Uint8Array(view.buffer, view.byteOffset + to, bytes).set(
          new Uint8Array(source.buffer, source.byteOffset + at, bytes),
        );
        return;
      }
      for (let index = 0; index < count; index += 1) {
        copy(source, at + index * size, target, to + index * size, move);
      }
    };
    if (length !== undefined) {
      return (source, at, target, to, move) => copyAll(source, at, target, to, { count: length, move });
    }
    return (source, at, target, to, move) => {
      const count = source.getUint32(at + 4, true);
      const start = move.from.checkContent(source.getUint32(at, true), count * size, alignment);
      const pointer = move.to.allocate(count * size, alignment);
      copyAll(move.from.view(), start, move.to, pointer, { count, move });
      storePair(target, to, pointer, count);
    };
  };

  return copyOf;
}

type CopyAll = (
  source: DataView,
  at: number,
  target: Room,
  to: number,
  what: { readonly count: number; readonly move: Move },
) => void;

const copyString: CopyValue = (source, at, target, to, move) => {
  const pointer = source.getUint32(at, true);
  const [moved, length] = move.from.moveString(pointer, source.getUint32(at + 4, true), move.to);
  storePair(target, to, moved, length);
};

const scalarCopies: Readonly<Record<'bool' | 'char' | 1 | 2 | 4 | 8, CopyValue>> = {
  bool: (source, at, target, to) => target.view().setUint8(to, source.getUint8(at) === 0 ? 0 : 1),
  char(source, at, target, to, { from }) {
    const code = source.getUint32(at, true);
    if (!isChar(code)) from.trap('invalid `char` bit pattern');
    target.view().setUint32(to, code, true);
  },
  1: (source, at, target, to) => target.view().setUint8(to, source.getUint8(at)),
  2: (source, at, target, to) => target.view().setUint16(to, source.getUint16(at)),
  4: (source, at, target, to) => target.view().setUint32(to, source.getUint32(at)),
  8: (source, at, target, to) => target.view().setBigUint64(to, source.getBigUint64(at)),
};
