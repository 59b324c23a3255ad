import type { Sort } from './component.ts';
import { addExtern, type Externs } from './externs.ts';
import type { NamedExtern } from './read-extern.ts';
import type { Reading } from './reading.ts';
import { append, type Scope } from './scope.ts';
import { type AnyType, partsOf } from './type-parts.ts';
import type { ExternType } from './types.ts';

/** Makes it one of the scope's imports or exports, of which each has an index. Throws `INVALID`. */
export function takeExtern(
  scope: Scope,
  direction: 'imports' | 'exports',
  { name, parts, attributes }: NamedExtern,
  type: ExternType,
): { readonly sort: Sort; readonly index: number } {
  const { reading } = scope;
  reading.factsOf(type);
  if (attributes.implements !== undefined && type.kind !== 'instance') {
    reading.invalid(`"${name}" implements an interface and is no instance`);
  }
  if (attributes.versionSuffix !== undefined && type.kind !== 'instance') {
    reading.invalid(`"${name}" has a version and is no instance`);
  }
  if (direction === 'exports' && importsOnly.has(parts.kind)) {
    reading.invalid(`"${name}" is a name of imports only`);
  }
  addExtern(reading, scope[direction], { name, parts, type });
  // The type of an instance may speak of resources around it: they are checked where there is an instance.
  if (scope.kind !== 'instance-type') nameResources(scope, direction, type);
  return appendExtern(scope, type);
}

/** Names that say where something is found. */
const importsOnly: ReadonlySet<string> = new Set(['url', 'integrity', 'locked-dep', 'unlocked-dep']);

/** Gives it the next index of its sort. */
export function appendExtern(
  scope: Scope,
  type: ExternType,
): { readonly sort: Sort; readonly index: number } {
  switch (type.kind) {
    case 'func':
      return { sort: 'func', index: append(scope, 'func', type) };
    case 'instance':
      return { sort: 'instance', index: append(scope, 'instance', type) };
    case 'component':
      return { sort: 'component', index: append(scope, 'component', type) };
    case 'core-module':
      return { sort: 'core-module', index: append(scope, 'core-module', type) };
    case 'type':
      return { sort: 'type', index: append(scope, 'type', type.type) };
  }
}

/** Whoever is outside has to know the resources that functions take and result in by names of imports and exports. */
function nameResources(scope: Scope, direction: 'imports' | 'exports', type: ExternType): void {
  const { reading } = scope;
  reading.countWork(1);
  switch (type.kind) {
    case 'type':
      if (type.type.kind === 'resource') {
        scope[direction].named.add(type.type.resource);
        if (direction === 'imports') scope.exports.named.add(type.type.resource);
      } else {
        checkResources(reading, scope[direction], type.type);
      }
      break;
    case 'instance':
      for (const item of type.exports) nameResources(scope, direction, item.type);
      break;
    case 'func':
      checkResources(reading, scope[direction], type);
      break;
    case 'component':
    case 'core-module':
      break;
  }
}

function checkResources(reading: Reading, externs: Externs, type: AnyType): void {
  if (externs.checked.has(type) || !reading.factsOf(type).hasResource) return;
  reading.countWork(1);
  if (type.kind === 'own' || type.kind === 'borrow') {
    if (!externs.named.has(type.resource)) {
      reading.invalid('a resource that has no name to the outside is used there');
    }
  } else if (type.kind !== 'instance' && type.kind !== 'component') {
    for (const part of partsOf(type)) checkResources(reading, externs, part);
  }
  externs.checked.add(type);
}
