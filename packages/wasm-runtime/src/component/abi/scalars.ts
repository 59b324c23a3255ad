import type { ScalarKind } from './type-shapes.ts';

/** How values without parts lie in memory. */
export interface Scalar {
  readonly size: 1 | 2 | 4 | 8;
  /** Answers nothing for what is no such value. */
  readonly load: (view: DataView, at: number) => boolean | number | bigint | string | undefined;
  /** Throws a TypeError for what is no such value. */
  readonly store: (view: DataView, at: number, value: unknown) => void;
  /** Whether all patterns of bits are values, so that they can be copied as bytes. */
  readonly plain: boolean;
}

export const scalars: Readonly<Record<ScalarKind, Scalar>> = {
  bool: {
    size: 1,
    load: (view, at) => view.getUint8(at) !== 0,
    store: (view, at, value) => view.setUint8(at, value ? 1 : 0),
    plain: false,
  },
  s8: number(1, 'getInt8', 'setInt8'),
  u8: number(1, 'getUint8', 'setUint8'),
  s16: number(2, 'getInt16', 'setInt16'),
  u16: number(2, 'getUint16', 'setUint16'),
  s32: number(4, 'getInt32', 'setInt32'),
  u32: number(4, 'getUint32', 'setUint32'),
  f32: number(4, 'getFloat32', 'setFloat32'),
  f64: number(8, 'getFloat64', 'setFloat64'),
  s64: {
    size: 8,
    load: (view, at) => view.getBigInt64(at, true),
    store: (view, at, value) => view.setBigInt64(at, toBigInt(value), true),
    plain: true,
  },
  u64: {
    size: 8,
    load: (view, at) => view.getBigUint64(at, true),
    store: (view, at, value) => view.setBigUint64(at, toBigInt(value), true),
    plain: true,
  },
  char: {
    size: 4,
    load(view, at) {
      const code = view.getUint32(at, true);
      return isChar(code) ? String.fromCodePoint(code) : undefined;
    },
    store(view, at, value) {
      const code = typeof value === 'string' ? value.codePointAt(0) : undefined;
      if (code === undefined || !isChar(code)) throw new TypeError('a char is a string of one character');
      view.setUint32(at, code, true);
    },
    plain: false,
  },
};

/** Whether a number is a Unicode scalar value. */
export function isChar(code: number): boolean {
  return code < 0xd800 || (code > 0xdfff && code < 0x11_0000);
}

type Getter =
  | 'getInt8'
  | 'getUint8'
  | 'getInt16'
  | 'getUint16'
  | 'getInt32'
  | 'getUint32'
  | 'getFloat32'
  | 'getFloat64';
type Setter =
  | 'setInt8'
  | 'setUint8'
  | 'setInt16'
  | 'setUint16'
  | 'setInt32'
  | 'setUint32'
  | 'setFloat32'
  | 'setFloat64';

function number(size: Scalar['size'], get: Getter, set: Setter): Scalar {
  return {
    size,
    load: (view, at) => view[get](at, true),
    store: (view, at, value) => view[set](at, Number(value), true),
    plain: true,
  };
}

function toBigInt(value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return BigInt(value);
  throw new TypeError('a 64-bit integer is a bigint');
}
