import type { ByteReader } from '../byte-reader.ts';
import { readAlias } from './read-alias.ts';
import { readComponentCoreTypes } from './read-core-module-type.ts';
import { declareExtern } from './read-extern.ts';
import { readType } from './read-type.ts';
import { readList } from './read-value-type.ts';
import { append, createScope, type Scope } from './scope.ts';
import type { ComponentType, InstanceType } from './types.ts';

/** The type of a component: declarations in a scope of its own. */
export function readComponentType(reader: ByteReader, outer: Scope): ComponentType {
  const scope = createScope('component-type', outer.reading, outer);
  readDeclarations(reader, scope);
  return {
    kind: 'component',
    imports: scope.imports.items,
    exports: scope.exports.items,
    importedResources: scope.importedResources,
    resources: scope.exportedResources,
  };
}

export function readInstanceType(reader: ByteReader, outer: Scope): InstanceType {
  const scope = createScope('instance-type', outer.reading, outer);
  readDeclarations(reader, scope);
  return { kind: 'instance', exports: scope.exports.items, resources: scope.exportedResources };
}

function readDeclarations(reader: ByteReader, scope: Scope): void {
  readList(reader, 'declarations', () => {
    scope.reading.countDefinition();
    scope.reading.at = reader.offset;
    switch (reader.byte()) {
      case 0x00:
        for (const type of readComponentCoreTypes(reader, scope)) append(scope, 'core-type', type);
        break;
      case 0x01:
        append(scope, 'type', readType(reader, scope));
        break;
      case 0x02:
        readAlias(reader, scope);
        break;
      case 0x03:
        if (scope.kind === 'instance-type') reader.fail('an import in the type of an instance');
        declareExtern(reader, scope, 'imports');
        break;
      case 0x04:
        declareExtern(reader, scope, 'exports');
        break;
      default:
        reader.fail('an unknown declaration in the type of a component or instance');
    }
  });
}
