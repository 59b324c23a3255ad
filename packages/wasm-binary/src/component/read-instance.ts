import type { ByteReader } from '../byte-reader.ts';
import type { InstanceDefinition, NamedReference } from './component.ts';
import { addExtern, createExterns } from './externs.ts';
import { itemsMismatch, noBindings, resourceAt } from './match-types.ts';
import { readExternName } from './read-extern.ts';
import { externAt, readSort } from './read-sort.ts';
import { readList } from './read-value-type.ts';
import type { Reading } from './reading.ts';
import { append, lookUp, type Scope } from './scope.ts';
import { createSubstitution } from './substitute.ts';
import type { ComponentType, ExternType, InstanceType, ResourceSource } from './types.ts';

/** An instance of a component, or one put together from parts. */
export function readInstance(reader: ByteReader, scope: Scope): InstanceDefinition {
  switch (reader.byte()) {
    case 0x00:
      return instantiate(reader, scope);
    case 0x01:
      return putTogether(reader, scope);
    default:
      return reader.fail('an unknown kind of instance');
  }
}

function instantiate(reader: ByteReader, scope: Scope): InstanceDefinition {
  const { reading } = scope;
  const component = reader.u32();
  const componentType = lookUp(scope, 'component', component);
  const given = new Map<string, ExternType>();
  const args = readList(reader, 'arguments', (): NamedReference => {
    const name = reading.name(reader);
    const sort = readSort(reader, scope);
    const index = reader.u32();
    if (given.has(name)) reading.invalid(`two arguments "${name}"`);
    given.set(name, externAt(scope, { sort, index }));
    return { name, sort, index };
  });
  const { type, resources } = instanceOf(reading, componentType, given);
  reading.factsOf(type);
  const index = append(scope, 'instance', type);
  return { kind: 'instance', from: 'component', index, component, args, type, resources };
}

/** What an instance is when its component gets what is given: resources are those given, or new. */
function instanceOf(
  reading: Reading,
  type: ComponentType,
  given: ReadonlyMap<string, ExternType>,
): { readonly type: InstanceType; readonly resources: readonly ResourceSource[] } {
  const bindings = noBindings();
  const ids = bindings.wanted;
  for (const { resource, path } of type.importedResources) {
    const found = resourceAt(reading, given, path);
    if (found === undefined)
      return reading.invalid(`an argument with the resource ${path.join(' ')} is missing`);
    ids.set(resource, found);
  }
  const mismatch = itemsMismatch(reading, given, type.imports, bindings);
  if (mismatch !== undefined) reading.invalid(`a component is not given what it imports: ${mismatch}`);
  reading.countWork(type.exports.length + type.resources.length);
  const resources = type.resources.map(({ resource, path }) => {
    const fresh = reading.nextResource();
    ids.set(resource, fresh);
    return { resource: fresh, path };
  });
  const put = createSubstitution(reading, ids);
  const exports = type.exports.map((item) => ({ name: item.name, type: put(item.type) }));
  return { type: { kind: 'instance', exports, resources: [] }, resources };
}

function putTogether(reader: ByteReader, scope: Scope): InstanceDefinition {
  const { reading } = scope;
  const externs = createExterns();
  const exports = readList(reader, 'exports', (): NamedReference => {
    const { name, parts } = readExternName(reader, scope);
    const sort = readSort(reader, scope);
    const index = reader.u32();
    addExtern(reading, externs, { name, parts, type: externAt(scope, { sort, index }) });
    return { name, sort, index };
  });
  const type: InstanceType = { kind: 'instance', exports: externs.items, resources: [] };
  reading.factsOf(type);
  return { kind: 'instance', from: 'exports', index: append(scope, 'instance', type), exports, type };
}
