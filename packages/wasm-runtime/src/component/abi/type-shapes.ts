import {
  casesOf,
  type KnownLayouts,
  type Layout,
  layoutOf,
  recordLayout,
  type ValueType,
  variantLayout,
  type PrimitiveKind,
} from '@wasmlet/wasm-binary';

/** What a type of values comes down to for who reads and writes memory, with places in bytes. */
export type Shape =
  | { readonly kind: 'scalar'; readonly of: ScalarKind }
  | { readonly kind: 'string' }
  | { readonly kind: 'flags'; readonly labels: readonly string[]; readonly bytes: number }
  | { readonly kind: 'record'; readonly fields: readonly Field[]; readonly tuple: boolean }
  | {
      readonly kind: 'variant';
      readonly of: 'variant' | 'enum' | 'option' | 'result';
      readonly cases: readonly { readonly name: string; readonly type?: ValueType }[];
      readonly discriminantBytes: 1 | 2 | 4;
      readonly payloadOffset: number;
    }
  | { readonly kind: 'list'; readonly element: ValueType; readonly length?: number; readonly map: boolean }
  | { readonly kind: 'own' | 'borrow'; readonly resource: number };

export type ScalarKind = Exclude<PrimitiveKind, 'string' | 'error-context'>;

export interface Field {
  readonly name: string;
  readonly type: ValueType;
  readonly offset: number;
}

/** Shapes and layouts, worked out once for each type. */
export interface Shapes {
  shapeOf(type: ValueType): Shape;
  layoutOf(type: ValueType): Layout;
}

export function createShapes(): Shapes {
  const layouts: KnownLayouts = new Map();
  const shapes = new WeakMap<ValueType, Shape>();
  return {
    layoutOf: (type) => layoutOf(type, layouts),
    shapeOf(type) {
      const known = shapes.get(type);
      if (known !== undefined) return known;
      const shape = workOut(type, layouts);
      shapes.set(type, shape);
      return shape;
    },
  };
}

function workOut(type: ValueType, layouts: KnownLayouts): Shape {
  switch (type.kind) {
    case 'string':
      return { kind: 'string' };
    case 'flags':
      return { kind: 'flags', labels: type.labels, bytes: layoutOf(type, layouts).size };
    case 'record':
      return { kind: 'record', fields: fieldsOf(type.fields, layouts), tuple: false };
    case 'tuple': {
      const named = type.elements.map((element, index) => ({ name: String(index), type: element }));
      return { kind: 'record', fields: fieldsOf(named, layouts), tuple: true };
    }
    case 'variant':
    case 'enum':
    case 'option':
    case 'result': {
      const cases = casesOf(type);
      const { discriminantBytes, payloadOffset } = variantLayout(cases, layouts);
      return { kind: 'variant', of: type.kind, cases, discriminantBytes, payloadOffset };
    }
    case 'list': {
      const { element, length } = type;
      return { kind: 'list', element, map: false, ...(length === undefined ? {} : { length }) };
    }
    case 'map':
      return { kind: 'list', element: { kind: 'tuple', elements: [type.key, type.value] }, map: true };
    case 'own':
    case 'borrow':
      return { kind: type.kind, resource: type.resource };
    case 'stream':
    case 'future':
    case 'error-context':
      throw new RangeError(`a ${type.kind} has no place in memory that the linker knows`);
    case 'bool':
    case 's8':
    case 'u8':
    case 's16':
    case 'u16':
    case 's32':
    case 'u32':
    case 's64':
    case 'u64':
    case 'f32':
    case 'f64':
    case 'char':
      return { kind: 'scalar', of: type.kind };
  }
}

function fieldsOf(
  named: readonly { readonly name: string; readonly type: ValueType }[],
  layouts: KnownLayouts,
): readonly Field[] {
  const { offsets } = recordLayout(
    named.map(({ type }) => type),
    layouts,
  );
  return named.map(({ name, type }, index) => ({ name, type, offset: offsets[index] ?? 0 }));
}
