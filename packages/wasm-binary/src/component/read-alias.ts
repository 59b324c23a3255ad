import type { ByteReader } from '../byte-reader.ts';
import type { AliasDefinition, Sort } from './component.ts';
import { readSort } from './read-sort.ts';
import type { Reading } from './reading.ts';
import { append, appendCore, lookUp, type Scope, scopeOutward } from './scope.ts';
import { appendExtern } from './take-extern.ts';
import { type AnyType, partsOf } from './type-parts.ts';
import type { ResourceId } from './types.ts';

/** Takes something out of an instance, or from a scope around this one, into an index of this scope. */
export function readAlias(reader: ByteReader, scope: Scope): AliasDefinition {
  const sort = readSort(reader, scope);
  switch (reader.byte()) {
    case 0x00:
      return readExportAlias(reader, scope, sort);
    case 0x01:
      return readCoreExportAlias(reader, scope, sort);
    case 0x02:
      return readOuterAlias(reader, scope, sort);
    default:
      return reader.fail('an unknown kind of alias');
  }
}

function readExportAlias(reader: ByteReader, scope: Scope, sort: Sort): AliasDefinition {
  const { reading } = scope;
  const instance = reader.u32();
  const { exports } = lookUp(scope, 'instance', instance);
  const name = reading.name(reader);
  const type = reading.byName(exports).get(name);
  if (!type) return reading.invalid(`instance ${instance} has no export "${name}"`);
  if (type.kind !== sort)
    return reading.invalid(`"${name}" of instance ${instance} is a ${type.kind} and no ${sort}`);
  if (scope.kind !== 'component' && sort !== 'instance' && sort !== 'type') {
    return reading.invalid(`an alias of a ${sort} in the type of a component or instance`);
  }
  return { kind: 'alias', of: 'export', instance, name, type, ...appendExtern(scope, type) };
}

function readCoreExportAlias(reader: ByteReader, scope: Scope, sort: Sort): AliasDefinition {
  const { reading } = scope;
  if (scope.kind !== 'component')
    return reading.invalid('a core alias in the type of a component or instance');
  const instance = reader.u32();
  const exports = lookUp(scope, 'core-instance', instance);
  const name = reading.name(reader);
  const type = exports.get(name);
  if (!type) return reading.invalid(`core instance ${instance} has no export "${name}"`);
  if (type.kind !== sort) {
    return reading.invalid(
      `"${name}" of core instance ${instance} is a ${type.kind.slice(5)} and no ${sort}`,
    );
  }
  return { kind: 'alias', of: 'core-export', instance, name, type, sort, index: appendCore(scope, type) };
}

function readOuterAlias(reader: ByteReader, scope: Scope, sort: Sort): AliasDefinition {
  const { reading } = scope;
  const scopes = reader.u32();
  const outerIndex = reader.u32();
  const outer = scopeOutward(scope, scopes);
  const alias = { kind: 'alias', of: 'outer', scopes, outerIndex, sort } as const;
  if (scope.kind !== 'component' && sort !== 'type' && sort !== 'core-type') {
    return reading.invalid(`an outer alias of a ${sort} in the type of a component or instance`);
  }
  if (sort === 'type') {
    const type = lookUp(outer, sort, outerIndex);
    if (leavesComponent(scope, scopes) && hasFreeResource(reading, type, new Set(), new Set())) {
      reading.invalid('a resource of a component is used in one that is nested in it');
    }
    return { ...alias, index: append(scope, sort, type) };
  }
  if (sort === 'component' || sort === 'core-module' || sort === 'core-type') {
    return { ...alias, index: append(scope, sort, lookUp(outer, sort, outerIndex)) };
  }
  return reading.invalid(`an outer alias of a ${sort.replace('-', ' ')}`);
}

/** Whether one of the scopes on the way outward is a component, and not only the type of one. */
function leavesComponent(scope: Scope, scopes: number): boolean {
  let here: Scope | undefined = scope;
  for (let left = scopes; left > 0 && here !== undefined; left -= 1) {
    if (here.kind === 'component') return true;
    here = here.outer;
  }
  return false;
}

/** Whether a type speaks of a resource that it does not bring itself. */
function hasFreeResource(
  reading: Reading,
  type: AnyType,
  bound: ReadonlySet<ResourceId>,
  closed: Set<AnyType>,
): boolean {
  if (closed.has(type) || !reading.factsOf(type).hasResource) return false;
  reading.countWork(1);
  if (type.kind === 'own' || type.kind === 'borrow' || type.kind === 'resource')
    return !bound.has(type.resource);
  const within = brings(reading, type, bound);
  const free = partsOf(type).some((part) => hasFreeResource(reading, part, within, closed));
  // Numbers of resources are never used twice, so that what is closed in one place is so in all.
  if (!free) closed.add(type);
  return free;
}

function brings(reading: Reading, type: AnyType, bound: ReadonlySet<ResourceId>): ReadonlySet<ResourceId> {
  if (type.kind !== 'instance' && type.kind !== 'component') return bound;
  const own = type.kind === 'component' ? [...type.importedResources, ...type.resources] : type.resources;
  reading.countWork(own.length + bound.size);
  return own.length === 0 ? bound : new Set([...bound, ...own.map(({ resource }) => resource)]);
}
