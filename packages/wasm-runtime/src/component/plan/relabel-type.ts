import type { FunctionType, ValueType } from '@wasmlet/wasm-binary';
import type { Scope } from './scope.ts';

/** The type of a function with resources as numbers of the plan, in place of the scope's own. */
export function relabelFunction(type: FunctionType, scope: Scope): FunctionType {
  return remember(scope, type, () => ({
    kind: 'func',
    async: type.async,
    params: type.params.map((param) => ({ name: param.name, type: relabel(param.type, scope) })),
    ...(type.result && { result: relabel(type.result, scope) }),
  }));
}

function relabel(type: ValueType, scope: Scope): ValueType {
  return remember(scope, type, () => relabelParts(type, scope));
}

function relabelParts(type: ValueType, scope: Scope): ValueType {
  switch (type.kind) {
    case 'own':
    case 'borrow': {
      const resource = scope.resources.get(type.resource);
      if (resource === undefined) throw new RangeError(`no resource ${type.resource}`);
      return { kind: type.kind, resource };
    }
    case 'record':
      return {
        kind: 'record',
        fields: type.fields.map((field) => ({ name: field.name, type: relabel(field.type, scope) })),
      };
    case 'variant':
      return {
        kind: 'variant',
        cases: type.cases.map((one) => ({
          name: one.name,
          ...(one.type && { type: relabel(one.type, scope) }),
        })),
      };
    case 'list':
      return { ...type, element: relabel(type.element, scope) };
    case 'map':
      return { kind: 'map', key: relabel(type.key, scope), value: relabel(type.value, scope) };
    case 'tuple':
      return { kind: 'tuple', elements: type.elements.map((element) => relabel(element, scope)) };
    case 'option':
      return { kind: 'option', type: relabel(type.type, scope) };
    case 'result':
      return {
        kind: 'result',
        ...(type.ok && { ok: relabel(type.ok, scope) }),
        ...(type.error && { error: relabel(type.error, scope) }),
      };
    default:
      return type;
  }
}

function remember<T extends object>(scope: Scope, type: T, make: () => T): T {
  const known = scope.types.get(type);
  if (known !== undefined) return known as T;
  const made = make();
  scope.types.set(type, made);
  return made;
}
