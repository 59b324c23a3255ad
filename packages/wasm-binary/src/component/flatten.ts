import { casesOf } from './layout.ts';
import type { FunctionType, ValueType, VariantCase } from './types.ts';

/** Core types that values of components are passed in. */
export type FlatType = 'i32' | 'i64' | 'f32' | 'f64';

/** How a function of components looks as a core function. */
export interface FlatFunction {
  readonly params: readonly FlatType[];
  readonly results: readonly FlatType[];
  /** Parameters lie in memory, as a tuple, and the first core parameter points there. */
  readonly paramsInMemory: boolean;
  /** The result lies in memory: where, says the core result of a lifted, the last parameter of a lowered function. */
  readonly resultInMemory: boolean;
}

/** More core parameters than that, and they are passed in memory. */
export const maxFlatParams = 16;
/** The same for calls of asynchronous functions that do not wait. */
export const maxFlatAsyncParams = 4;
/** More core results than that, and they are passed in memory. */
export const maxFlatResults = 1;

/** Core types that a value is passed in, or nothing when there are more than `max`. */
export function flattenType(type: ValueType, max: number = maxFlatParams): readonly FlatType[] | undefined {
  switch (type.kind) {
    case 's64':
    case 'u64':
      return within(['i64'], max);
    case 'f32':
      return within(['f32'], max);
    case 'f64':
      return within(['f64'], max);
    case 'string':
    case 'map':
      return within(['i32', 'i32'], max);
    case 'list':
      if (type.length === undefined) return within(['i32', 'i32'], max);
      return flattenRepeated(type.element, type.length, max);
    case 'record':
      return flattenTypes(
        type.fields.map((field) => field.type),
        max,
      );
    case 'tuple':
      return flattenTypes(type.elements, max);
    case 'variant':
    case 'option':
    case 'result':
      return flattenCases(casesOf(type), max);
    case 'bool':
    case 's8':
    case 'u8':
    case 's16':
    case 'u16':
    case 's32':
    case 'u32':
    case 'char':
    case 'error-context':
    case 'flags':
    case 'enum':
    case 'own':
    case 'borrow':
    case 'stream':
    case 'future':
      return within(['i32'], max);
  }
}

/** Core types of several values, one after the other, or nothing when there are more than `max`. */
export function flattenTypes(
  types: readonly ValueType[],
  max: number = maxFlatParams,
): readonly FlatType[] | undefined {
  const flat: FlatType[] = [];
  for (const type of types) {
    const part = flattenType(type, max - flat.length);
    if (part === undefined) return undefined;
    flat.push(...part);
  }
  return flat;
}

/**
 * How a function looks to the core: `lift` is what a guest exports, `lower` what it imports; `async` and `callback` as the
 * options of the canonical definition say.
 */
export function flattenFunction(
  type: FunctionType,
  direction: 'lift' | 'lower',
  { async = false, callback = false }: { readonly async?: boolean; readonly callback?: boolean } = {},
): FlatFunction {
  const waitsNot = async && direction === 'lower';
  const flatParams = flattenTypes(
    type.params.map((param) => param.type),
    waitsNot ? maxFlatAsyncParams : maxFlatParams,
  );
  const params: FlatType[] = flatParams === undefined ? ['i32'] : [...flatParams];
  const shape = { params, paramsInMemory: flatParams === undefined };
  if (async && direction === 'lift') {
    return { ...shape, results: callback ? ['i32'] : [], resultInMemory: false };
  }
  const flatResult = type.result === undefined ? [] : flattenType(type.result, async ? 0 : maxFlatResults);
  const resultInMemory = flatResult === undefined;
  if (direction === 'lift') return { ...shape, results: flatResult ?? ['i32'], resultInMemory };
  if (resultInMemory) params.push('i32');
  return { ...shape, results: async ? ['i32'] : (flatResult ?? []), resultInMemory };
}

function flattenRepeated(element: ValueType, length: number, max: number): readonly FlatType[] | undefined {
  if (length > max) return undefined;
  const one = flattenType(element, Math.floor(max / length));
  return one && Array.from({ length }, () => one).flat();
}

/** The number of the case, and what can hold each of the cases. */
function flattenCases(cases: readonly VariantCase[], max: number): readonly FlatType[] | undefined {
  if (max < 1) return undefined;
  const flat: FlatType[] = ['i32'];
  for (const { type } of cases) {
    if (type === undefined) continue;
    const part = flattenType(type, max - 1);
    if (part === undefined) return undefined;
    part.forEach((next, index) => {
      const before = flat[index + 1];
      flat[index + 1] = before === undefined ? next : join(before, next);
    });
  }
  return flat;
}

function join(one: FlatType, other: FlatType): FlatType {
  if (one === other) return one;
  const narrow = (type: FlatType) => type === 'i32' || type === 'f32';
  return narrow(one) && narrow(other) ? 'i32' : 'i64';
}

function within(flat: readonly FlatType[], max: number): readonly FlatType[] | undefined {
  return flat.length > max ? undefined : flat;
}
