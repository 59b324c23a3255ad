import type { FlatType } from '@wasmlet/wasm-binary';
import type { CoreValue } from '../host-interface.ts';

/** Puts a value of one core type into another that can hold it, bit by bit, as cases of a variant share core values. */
export interface Joins {
  /** The value of a case out of what can hold each of the cases. */
  narrow(value: CoreValue, from: FlatType, to: FlatType): CoreValue;
  widen(value: CoreValue, from: FlatType, to: FlatType): CoreValue;
}

export function createJoins(): Joins {
  const bits = new DataView(new ArrayBuffer(8));
  return {
    narrow(value, from, to) {
      if (from === to) return value;
      if (from === 'i64') bits.setBigUint64(0, value as bigint, true);
      else bits.setInt32(0, value as number, true);
      if (to === 'f32') return bits.getFloat32(0, true);
      return to === 'f64' ? bits.getFloat64(0, true) : bits.getInt32(0, true);
    },
    widen(value, from, to) {
      if (from === to) return value;
      bits.setBigUint64(0, 0n, true);
      if (from === 'f32') bits.setFloat32(0, value as number, true);
      else if (from === 'f64') bits.setFloat64(0, value as number, true);
      else bits.setInt32(0, value as number, true);
      return to === 'i64' ? bits.getBigInt64(0, true) : bits.getInt32(0, true);
    },
  };
}
