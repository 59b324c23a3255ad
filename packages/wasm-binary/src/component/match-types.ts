import { moduleMismatch } from './match-core-types.ts';
import type { Reading } from './reading.ts';
import { sameType } from './same-type.ts';
import type { AnyType } from './type-parts.ts';
import type {
  ComponentType,
  DefinedType,
  ExternItem,
  ExternType,
  InstanceType,
  ResourceId,
} from './types.ts';

/** What resources of either side stand for, where types that bring their own are compared. */
export interface Bindings {
  readonly given: Map<ResourceId, ResourceId>;
  readonly wanted: Map<ResourceId, ResourceId>;
}

export function noBindings(): Bindings {
  return { given: new Map(), wanted: new Map() };
}

/**
 * Why something of the type `given` does not serve where `wanted` is, if it does not. Resources that `wanted` leaves open are
 * bound to those that are given.
 */
export function typeMismatch(
  reading: Reading,
  given: ExternType,
  wanted: ExternType,
  bindings: Bindings,
): string | undefined {
  reading.countWork(1);
  if (given.kind !== wanted.kind) return `${kindName(wanted)} is wanted, ${kindName(given)} is given`;
  if (given.kind === 'core-module' && wanted.kind === 'core-module') {
    reading.countWork(reading.factsOf(given).size + reading.factsOf(wanted).size);
    return moduleMismatch(given, wanted);
  }
  if (given.kind === 'type' && wanted.kind === 'type') {
    return definedMismatch(reading, given.type, wanted.type, bindings);
  }
  if (given.kind === 'instance' && wanted.kind === 'instance') {
    return instanceMismatch(reading, given, wanted, bindings);
  }
  if (given.kind === 'component' && wanted.kind === 'component') {
    return componentMismatch(reading, given, wanted, bindings);
  }
  return sameType(reading, given, wanted, bindings) ? undefined : 'its type is another than the one wanted';
}

function definedMismatch(
  reading: Reading,
  given: DefinedType,
  wanted: DefinedType,
  bindings: Bindings,
): string | undefined {
  if (given.kind === 'instance' && wanted.kind === 'instance') {
    return instanceMismatch(reading, given, wanted, bindings);
  }
  if (given.kind === 'component' && wanted.kind === 'component') {
    return componentMismatch(reading, given, wanted, bindings);
  }
  if (given.kind !== wanted.kind) return `${kindName(wanted)} is wanted, ${kindName(given)} is given`;
  return sameType(reading, given, wanted, bindings) ? undefined : 'it is another type than the one wanted';
}

function instanceMismatch(
  reading: Reading,
  given: InstanceType,
  wanted: InstanceType,
  bindings: Bindings,
): string | undefined {
  const offered = reading.byName(given.exports);
  for (const { resource, path } of wanted.resources) {
    const found = resourceAt(reading, offered, path);
    if (found === undefined) return `no resource ${path.join(' ')}`;
    bindings.wanted.set(resource, bindings.given.get(found) ?? found);
  }
  return itemsMismatch(reading, offered, wanted.exports, bindings);
}

function componentMismatch(
  reading: Reading,
  given: ComponentType,
  wanted: ComponentType,
  bindings: Bindings,
): string | undefined {
  // Who wants the component gives it what its own type promises: there, the sides change.
  const turned = { given: bindings.wanted, wanted: bindings.given };
  const promised = reading.byName(wanted.imports);
  for (const { resource, path } of given.importedResources) {
    const found = resourceAt(reading, promised, path);
    if (found === undefined) return `it imports the resource ${path.join(' ')}, which it is not promised`;
    turned.wanted.set(resource, turned.given.get(found) ?? found);
  }
  const imports = itemsMismatch(reading, promised, given.imports, turned);
  if (imports !== undefined) return `of its imports: ${imports}`;
  const offered = reading.byName(given.exports);
  for (const { resource, path } of wanted.resources) {
    const found = resourceAt(reading, offered, path);
    if (found === undefined) return `no resource ${path.join(' ')}`;
    bindings.wanted.set(resource, bindings.given.get(found) ?? found);
  }
  return itemsMismatch(reading, offered, wanted.exports, bindings);
}

/** Why not all of `wanted` is served by what is offered under the same names, if it is not. */
export function itemsMismatch(
  reading: Reading,
  offered: ReadonlyMap<string, ExternType>,
  wanted: readonly ExternItem[],
  bindings: Bindings,
): string | undefined {
  for (const { name, type } of wanted) {
    const offer = offered.get(name);
    reading.countWork(1);
    if (!offer) return `no ${kindName(type).replace(/^an? /, '')} "${name}"`;
    const mismatch = typeMismatch(reading, offer, type, bindings);
    if (mismatch !== undefined) return `"${name}": ${mismatch}`;
  }
  return undefined;
}

/** The resource at the end of a path through exports of instances. */
export function resourceAt(
  reading: Reading,
  items: ReadonlyMap<string, ExternType>,
  path: readonly string[],
): ResourceId | undefined {
  reading.countWork(path.length);
  let here: ExternType | undefined;
  for (const name of path) {
    if (here && here.kind !== 'instance') return undefined;
    here = (here ? reading.byName(here.exports) : items).get(name);
  }
  return here?.kind === 'type' && here.type.kind === 'resource' ? here.type.resource : undefined;
}

function kindName({ kind }: AnyType): string {
  const name = kind === 'func' ? 'function' : kind.replace('-', ' ');
  return /^[aeio]/.test(name) ? `an ${name}` : `a ${name}`;
}
