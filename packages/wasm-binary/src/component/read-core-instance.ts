import type { ByteReader } from '../byte-reader.ts';
import type { CoreInstanceDefinition, NamedReference } from './component.ts';
import { coreMismatch } from './match-core-types.ts';
import { coreExternAt, readCoreSort } from './read-sort.ts';
import { readList } from './read-value-type.ts';
import type { Reading } from './reading.ts';
import { append, type CoreExports, lookUp, type Scope } from './scope.ts';
import type { CoreExternType, ModuleType } from './types.ts';

/** Exports of modules by name, each worked out once however often it is instantiated. */
type KnownExports = Map<ModuleType, CoreExports>;

/** A reader of instances of core modules and of those put together from parts. */
export function createCoreInstanceReader(): (reader: ByteReader, scope: Scope) => CoreInstanceDefinition {
  const known: KnownExports = new Map();
  return (reader, scope) => {
    switch (reader.byte()) {
      case 0x00:
        return instantiate(reader, scope, known);
      case 0x01:
        return putTogether(reader, scope);
      default:
        return reader.fail('an unknown kind of core instance');
    }
  };
}

function instantiate(reader: ByteReader, scope: Scope, known: KnownExports): CoreInstanceDefinition {
  const { reading } = scope;
  const module = reader.u32();
  const type = lookUp(scope, 'core-module', module);
  const given = new Map<string, CoreExports>();
  const args = readList(reader, 'arguments', () => {
    const name = reading.name(reader);
    if (readCoreSort(reader) !== 'core-instance')
      reading.invalid(`the argument "${name}" is no core instance`);
    const instance = reader.u32();
    if (given.has(name)) reading.invalid(`two arguments "${name}"`);
    given.set(name, lookUp(scope, 'core-instance', instance));
    return { name, instance };
  });
  checkArguments(reading, type, given);
  const index = append(scope, 'core-instance', exportsOf(type, known));
  return { kind: 'core-instance', from: 'module', index, module, args };
}

function checkArguments(
  reading: Reading,
  { imports }: ModuleType,
  given: ReadonlyMap<string, CoreExports>,
): void {
  reading.countWork(imports.length);
  for (const { module, name, type } of imports) {
    const instance = given.get(module);
    if (!instance)
      return reading.invalid(`a core module imports from "${module}", for which there is no argument`);
    const offer = instance.get(name);
    if (!offer)
      return reading.invalid(`a core module imports "${name}" from "${module}", which has no such export`);
    const mismatch = coreMismatch(offer, type);
    if (mismatch !== undefined)
      reading.invalid(`the import "${name}" from "${module}" of a core module: ${mismatch}`);
  }
}

function exportsOf(type: ModuleType, known: KnownExports): CoreExports {
  const before = known.get(type);
  if (before) return before;
  const exports = new Map(type.exports.map((item) => [item.name, item.type]));
  known.set(type, exports);
  return exports;
}

function putTogether(reader: ByteReader, scope: Scope): CoreInstanceDefinition {
  const { reading } = scope;
  const types = new Map<string, CoreExternType>();
  const exports = readList(reader, 'exports', (): NamedReference => {
    const name = reading.name(reader);
    const sort = readCoreSort(reader);
    const index = reader.u32();
    if (types.has(name)) reading.invalid(`two exports "${name}" of a core instance`);
    types.set(name, coreExternAt(scope, sort, index));
    return { name, sort, index };
  });
  return { kind: 'core-instance', from: 'exports', index: append(scope, 'core-instance', types), exports };
}
