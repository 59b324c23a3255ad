import type { Bindings } from './match-types.ts';
import type { Reading } from './reading.ts';
import { type AnyType, partsOf } from './type-parts.ts';

/** Whether two types are equal in all their parts, where resources stand for what they are bound to. */
export function sameType(reading: Reading, one: AnyType, other: AnyType, bindings: Bindings): boolean {
  const facts = reading.factsOf(one);
  if (one === other && !facts.hasResource) return true;
  if (one.kind !== other.kind || facts.size !== reading.factsOf(other).size) return false;
  if (hasIdentity(one) && hasIdentity(other)) {
    const left = bindings.given.get(one.resource) ?? one.resource;
    return left === (bindings.wanted.get(other.resource) ?? other.resource);
  }
  const parts = partsOf(one);
  const others = partsOf(other);
  reading.countWork(
    facts.size - parts.reduce((sum, part) => sum + reading.factsOf(part).size, 0) + parts.length,
  );
  if (parts.length !== others.length || !sameShape(one, other)) return false;
  return parts.every((part, index) => {
    const counterpart = others[index];
    return counterpart !== undefined && sameType(reading, part, counterpart, bindings);
  });
}

function hasIdentity(
  type: AnyType,
): type is Extract<AnyType, { readonly kind: 'own' | 'borrow' | 'resource' }> {
  return type.kind === 'own' || type.kind === 'borrow' || type.kind === 'resource';
}

/** What types are beside their parts: names, and which parts are there. */
function sameShape(one: AnyType, other: AnyType): boolean {
  if (one.kind === 'record' && other.kind === 'record') return sameNames(one.fields, other.fields);
  if (one.kind === 'variant' && other.kind === 'variant') {
    return (
      sameNames(one.cases, other.cases) &&
      one.cases.every(({ type }, index) => (type === undefined) === (other.cases[index]?.type === undefined))
    );
  }
  if ((one.kind === 'flags' || one.kind === 'enum') && (other.kind === 'flags' || other.kind === 'enum')) {
    return one.labels.every((label, index) => label === other.labels[index]);
  }
  if (one.kind === 'list' && other.kind === 'list') return one.length === other.length;
  if (one.kind === 'result' && other.kind === 'result') {
    return (one.ok === undefined) === (other.ok === undefined);
  }
  if (one.kind === 'func' && other.kind === 'func') {
    return one.async === other.async && sameNames(one.params, other.params);
  }
  return true;
}

function sameNames(
  one: readonly { readonly name: string }[],
  other: readonly { readonly name: string }[],
): boolean {
  return one.length === other.length && one.every(({ name }, index) => name === other[index]?.name);
}
