import type { FunctionType, ValueType } from '@wasmlet/wasm-binary';
import type { Scope } from './scope.ts';

/** The type of a function with resources as numbers of the plan, in place of the scope's own. */
export function relabelFunction(type: FunctionType, scope: Scope): FunctionType {
  return remember(scope, type, () => ({
    kind: 'func',
    async: type.async,
    params: relabelAll(type.params, scope),
    ...(type.result && { result: relabel(type.result, scope) }),
  }));
}

function relabel(type: ValueType, scope: Scope): ValueType {
  return remember(scope, type, () => relabelParts(type, scope));
}

function relabelParts(type: ValueType, scope: Scope): ValueType {
  if (type.kind === 'own' || type.kind === 'borrow') {
    const resource = scope.resources.get(type.resource);
    if (resource === undefined) throw new RangeError(`no resource ${type.resource}`);
    return { kind: type.kind, resource };
  }
  if (type.kind === 'record') return { kind: 'record', fields: relabelAll(type.fields, scope) };
  if (type.kind === 'variant') return { kind: 'variant', cases: relabelAll(type.cases, scope) };
  if (type.kind === 'tuple') {
    return { kind: 'tuple', elements: type.elements.map((element) => relabel(element, scope)) };
  }
  if (type.kind === 'list') return { ...type, element: relabel(type.element, scope) };
  if (type.kind === 'option') return { kind: 'option', type: relabel(type.type, scope) };
  if (type.kind === 'map') {
    return { kind: 'map', key: relabel(type.key, scope), value: relabel(type.value, scope) };
  }
  if (type.kind === 'result') {
    return {
      kind: 'result',
      ...(type.ok && { ok: relabel(type.ok, scope) }),
      ...(type.error && { error: relabel(type.error, scope) }),
    };
  }
  return type;
}

function relabelAll<T extends { readonly type?: ValueType }>(
  named: readonly T[],
  scope: Scope,
): readonly T[] {
  return named.map((one) => (one.type ? { ...one, type: relabel(one.type, scope) } : one));
}

function remember<T extends object>(scope: Scope, type: T, make: () => T): T {
  const known = scope.types.get(type);
  if (known !== undefined) return known as T;
  const made = make();
  scope.types.set(type, made);
  return made;
}
