import type { ValueType, VariantCase } from './types.ts';

/** How a value lies in a 32-bit memory, in bytes. */
export interface Layout {
  readonly size: number;
  readonly alignment: number;
}

/** Layouts that were worked out before, for who asks about many types that share parts. */
export type KnownLayouts = Pick<Map<ValueType, Layout>, 'get' | 'set'>;

/** How values of a type lie in memory. Adds what it works out to `known`. */
export function layoutOf(type: ValueType, known: KnownLayouts = new Map()): Layout {
  const before = known.get(type);
  if (before !== undefined) return before;
  const { size, alignment } = workOut(type, known);
  const layout = { size, alignment };
  known.set(type, layout);
  return layout;
}

function workOut(type: ValueType, known: KnownLayouts): Layout {
  switch (type.kind) {
    case 'bool':
    case 's8':
    case 'u8':
      return { size: 1, alignment: 1 };
    case 's16':
    case 'u16':
      return { size: 2, alignment: 2 };
    case 's64':
    case 'u64':
    case 'f64':
      return { size: 8, alignment: 8 };
    case 's32':
    case 'u32':
    case 'f32':
    case 'char':
    case 'error-context':
    case 'own':
    case 'borrow':
    case 'stream':
    case 'future':
      return { size: 4, alignment: 4 };
    case 'string':
    case 'map':
      return { size: 8, alignment: 4 };
    case 'list': {
      if (type.length === undefined) return { size: 8, alignment: 4 };
      const { size, alignment } = layoutOf(type.element, known);
      return { size: size * type.length, alignment };
    }
    case 'record':
      return recordLayout(
        type.fields.map((field) => field.type),
        known,
      );
    case 'tuple':
      return recordLayout(type.elements, known);
    case 'flags':
      return flagsLayout(type.labels.length);
    case 'variant':
    case 'enum':
    case 'option':
    case 'result':
      return variantLayout(casesOf(type), known);
  }
}

/** Layout of values one behind the other, as fields of a record and parameters in memory, and where each begins. */
export function recordLayout(
  types: readonly ValueType[],
  known: KnownLayouts = new Map(),
): Layout & { readonly offsets: readonly number[] } {
  let size = 0;
  let alignment = 1;
  const offsets: number[] = [];
  for (const type of types) {
    const field = layoutOf(type, known);
    size = alignTo(size, field.alignment);
    offsets.push(size);
    size += field.size;
    alignment = Math.max(alignment, field.alignment);
  }
  return { size: alignTo(size, alignment), alignment, offsets };
}

/** Layout of one of several cases: a number that says which, of 1, 2 or 4 bytes, and behind it what the case holds. */
export function variantLayout(
  cases: readonly Pick<VariantCase, 'type'>[],
  known: KnownLayouts = new Map(),
): Layout & { readonly discriminantBytes: 1 | 2 | 4; readonly payloadOffset: number } {
  const discriminantBytes = cases.length <= 0x100 ? 1 : cases.length <= 0x1_0000 ? 2 : 4;
  let payloadSize = 0;
  let payloadAlignment = 1;
  for (const { type } of cases) {
    if (type === undefined) continue;
    const { size, alignment } = layoutOf(type, known);
    payloadSize = Math.max(payloadSize, size);
    payloadAlignment = Math.max(payloadAlignment, alignment);
  }
  const alignment = Math.max(discriminantBytes, payloadAlignment);
  const payloadOffset = alignTo(discriminantBytes, payloadAlignment);
  return {
    size: alignTo(payloadOffset + payloadSize, alignment),
    alignment,
    discriminantBytes,
    payloadOffset,
  };
}

/** The cases of a variant and of the types that are short for one, in the order of their numbers. */
export function casesOf(
  type: Extract<ValueType, { readonly kind: 'variant' | 'enum' | 'option' | 'result' }>,
): readonly VariantCase[] {
  switch (type.kind) {
    case 'variant':
      return type.cases;
    case 'enum':
      return type.labels.map((name) => ({ name }));
    case 'option':
      return [{ name: 'none' }, { name: 'some', type: type.type }];
    case 'result':
      return [
        { name: 'ok', ...(type.ok && { type: type.ok }) },
        { name: 'error', ...(type.error && { type: type.error }) },
      ];
  }
}

function flagsLayout(labels: number): Layout {
  const bytes = labels <= 8 ? 1 : labels <= 16 ? 2 : 4;
  return { size: bytes, alignment: bytes };
}

function alignTo(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}
