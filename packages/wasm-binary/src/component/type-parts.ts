import type { DefinedType, ExternItem, ExternType, ValueType } from './types.ts';

/** Whatever a type can be made of. */
export type AnyType = DefinedType | ExternType;

/** The types that a type is made of, one level down. */
export function partsOf(type: AnyType): readonly AnyType[] {
  if (!isComposite(type)) return [];
  switch (type.kind) {
    case 'record':
      return type.fields.map((field) => field.type);
    case 'variant':
      return present(type.cases.map((one) => one.type));
    case 'tuple':
      return type.elements;
    case 'list':
      return [type.element];
    case 'map':
      return [type.key, type.value];
    case 'option':
    case 'type':
      return [type.type];
    case 'result':
      return present([type.ok, type.error]);
    case 'stream':
    case 'future':
      return present([type.element]);
    case 'func':
      return present([...type.params.map((param) => param.type), type.result]);
    case 'instance':
      return type.exports.map((item) => item.type);
    case 'component':
      return [...type.imports, ...type.exports].map((item) => item.type);
  }
}

/** The same type with other parts: `change` is called for each, one level down. */
export function withParts(type: AnyType, change: <T extends AnyType>(part: T) => T): AnyType {
  if (!isComposite(type)) return type;
  const named = <T extends { readonly type: AnyType }>(one: T): T => ({ ...one, type: change(one.type) });
  const items = (list: readonly ExternItem[]): readonly ExternItem[] => list.map(named);
  switch (type.kind) {
    case 'record':
      return { ...type, fields: type.fields.map(named) };
    case 'variant':
      return {
        ...type,
        cases: type.cases.map((one) => (one.type ? { ...one, type: change(one.type) } : one)),
      };
    case 'tuple':
      return { ...type, elements: type.elements.map(change) };
    case 'list':
      return { ...type, element: change(type.element) };
    case 'map':
      return { ...type, key: change(type.key), value: change(type.value) };
    case 'option':
      return { ...type, type: change(type.type) };
    case 'type':
      return { ...type, type: change(type.type) };
    case 'result':
      return {
        ...type,
        ...(type.ok && { ok: change(type.ok) }),
        ...(type.error && { error: change(type.error) }),
      };
    case 'stream':
    case 'future':
      return { ...type, ...(type.element && { element: change(type.element) }) };
    case 'func':
      return {
        ...type,
        params: type.params.map(named),
        ...(type.result && { result: change(type.result) }),
      };
    case 'instance':
      return { ...type, exports: items(type.exports) };
    case 'component':
      return { ...type, imports: items(type.imports), exports: items(type.exports) };
  }
}

/** Whether an index of types stands for values. */
export function isValueType(type: AnyType): type is ValueType {
  return !notOfValues.has(type.kind);
}

const notOfValues: ReadonlySet<string> = new Set([
  'func',
  'instance',
  'component',
  'resource',
  'core-module',
  'type',
]);

type Composite = Extract<
  AnyType,
  {
    readonly kind:
      | 'record'
      | 'variant'
      | 'tuple'
      | 'list'
      | 'map'
      | 'option'
      | 'type'
      | 'result'
      | 'stream'
      | 'future'
      | 'func'
      | 'instance'
      | 'component';
  }
>;

const composites: ReadonlySet<string> = new Set<Composite['kind']>([
  'record',
  'variant',
  'tuple',
  'list',
  'map',
  'option',
  'type',
  'result',
  'stream',
  'future',
  'func',
  'instance',
  'component',
]);

function isComposite(type: AnyType): type is Composite {
  return composites.has(type.kind);
}

function present<T>(list: readonly (T | undefined)[]): readonly T[] {
  return list.filter((one) => one !== undefined);
}
