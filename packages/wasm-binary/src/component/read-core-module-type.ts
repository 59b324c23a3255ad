import type { ByteReader } from '../byte-reader.ts';
import { importKey } from './match-core-types.ts';
import { functionTypeAt } from './read-core-module.ts';
import { type PlainCoreType, readCoreExtern, readCoreTypes } from './read-core-type.ts';
import { readList } from './read-value-type.ts';
import { lookUp, type Scope, scopeOutward } from './scope.ts';
import type { CoreType, ModuleType } from './types.ts';

const moduleForm = 0x50;

/** Core types where a component defines them; the type of a module has an index of its own as the others do. */
export function readComponentCoreTypes(reader: ByteReader, scope: Scope): readonly CoreType[] {
  // 0x50 begins the type of a module here, and a type that others extend only behind 0x00.
  const first = reader.byte();
  if (first === moduleForm) return [readModuleType(reader, scope)];
  return readCoreTypes(reader, scope.reading, first === 0x00 ? reader.byte() : first);
}

/** Its types are counted from 0, whatever is around it. */
function readModuleType(reader: ByteReader, scope: Scope): ModuleType {
  const { reading } = scope;
  const types: PlainCoreType[] = [];
  const imports: ModuleType['imports'][number][] = [];
  const exports: ModuleType['exports'][number][] = [];
  const imported = new Set<string>();
  const exported = new Set<string>();
  const functionType = (index: number) => functionTypeAt(types, index, reading);
  readList(reader, 'declarations', () => {
    reading.countDefinition();
    switch (reader.byte()) {
      case 0: {
        const module = reading.name(reader);
        const name = reading.name(reader);
        if (imported.has(importKey(module, name))) reading.invalid(`two imports "${name}" from "${module}"`);
        imported.add(importKey(module, name));
        imports.push({ module, name, type: readCoreExtern(reader, functionType) });
        break;
      }
      case 1:
        types.push(...readCoreTypes(reader, reading));
        break;
      case 2:
        types.push(readOuterAlias(reader, scope, types));
        break;
      case 3: {
        const name = reading.name(reader);
        if (exported.has(name)) reading.invalid(`two exports "${name}" in the type of a module`);
        exported.add(name);
        exports.push({ name, type: readCoreExtern(reader, functionType) });
        break;
      }
      default:
        reader.fail('an unknown declaration in the type of a module');
    }
  });
  return { kind: 'core-module', imports, exports };
}

/** `alias outer count index (type)`, where 0 scopes outward is the module's type itself. */
function readOuterAlias(reader: ByteReader, scope: Scope, own: readonly PlainCoreType[]): PlainCoreType {
  const { reading } = scope;
  if (reader.byte() !== 0x10 || reader.byte() !== 0x01)
    reader.fail('an unknown alias in the type of a module');
  const count = reader.u32();
  const index = reader.u32();
  if (count === 0) {
    return own[index] ?? reading.invalid(`core type ${index} is used and ${own.length} are defined before`);
  }
  const type = lookUp(scopeOutward(scope, count - 1), 'core-type', index);
  return type.kind === 'core-module' ? reading.invalid('the type of a module within that of another') : type;
}
