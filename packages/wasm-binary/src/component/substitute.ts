import type { Reading } from './reading.ts';
import { type AnyType, withParts } from './type-parts.ts';
import type { ExternType, ResourceId, ResourceSource } from './types.ts';

/** The same type about other resources. Parts without any stay the same objects, and shared parts stay shared. */
export function substitute<T extends AnyType>(
  reading: Reading,
  type: T,
  ids: ReadonlyMap<ResourceId, ResourceId>,
): T {
  return createSubstitution(reading, ids)(type);
}

/** {@link substitute} for several types that share parts. */
export function createSubstitution(
  reading: Reading,
  ids: ReadonlyMap<ResourceId, ResourceId>,
): <T extends AnyType>(type: T) => T {
  const made = new Map<AnyType, AnyType>();
  const put = <T extends AnyType>(type: T): T => {
    if (ids.size === 0 || !reading.factsOf(type).hasResource) return type;
    // What comes back is of the same kind: only numbers of resources differ.
    const before = made.get(type) as T | undefined;
    if (before) return before;
    const after = putAnew(type) as T;
    made.set(type, after);
    return after;
  };
  const putAnew = (type: AnyType): AnyType => {
    if (type.kind === 'own' || type.kind === 'borrow' || type.kind === 'resource') {
      reading.countWork(1);
      return { ...type, resource: ids.get(type.resource) ?? type.resource };
    }
    let parts = 0;
    const after = withParts(type, (part) => {
      parts += 1;
      return put(part);
    });
    reading.countWork(1 + parts);
    return after;
  };
  return put;
}

/**
 * A type as it stands in a scope that gets something of it: an instance's own resources get new numbers, which are the
 * scope's from now on. Their paths lead from the instance.
 */
export function openType<T extends ExternType>(
  reading: Reading,
  type: T,
): { readonly type: T; readonly resources: readonly ResourceSource[] } {
  if (type.kind !== 'instance' || type.resources.length === 0) return { type, resources: [] };
  const ids = new Map<ResourceId, ResourceId>();
  reading.countWork(type.resources.length);
  const resources = type.resources.map(({ resource, path }) => {
    const fresh = reading.nextResource();
    ids.set(resource, fresh);
    return { resource: fresh, path };
  });
  return { type: { ...substitute(reading, type, ids), resources: [] }, resources };
}

/** Paths that lead from the outside of what `name` stands for. */
export function below(name: string, resources: readonly ResourceSource[]): readonly ResourceSource[] {
  return resources.map(({ resource, path }) => ({ resource, path: [name, ...path] }));
}
