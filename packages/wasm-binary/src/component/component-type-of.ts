import type { Reading } from './reading.ts';
import type { Scope } from './scope.ts';
import type { ComponentType, ExternItem, ResourceId, ResourceSource } from './types.ts';

/** What a component that has been read is to others: its imports and exports, and resources that it brings. */
export function componentTypeOf({ reading, imports, exports, importedResources }: Scope): ComponentType {
  const type: ComponentType = {
    kind: 'component',
    imports: imports.items,
    exports: exports.items,
    importedResources,
    resources: broughtResources(reading, exports.items, importedResources),
  };
  reading.factsOf(type);
  return type;
}

/** Resources among the exports that have not been imported, each with the first path that leads to it. */
function broughtResources(
  reading: Reading,
  exports: readonly ExternItem[],
  imported: readonly ResourceSource[],
): readonly ResourceSource[] {
  const known = new Set<ResourceId>(imported.map(({ resource }) => resource));
  const brought: ResourceSource[] = [];
  const walk = (items: readonly ExternItem[], path: readonly string[]): void => {
    reading.countWork(items.length);
    for (const { name, type } of items) {
      if (!reading.factsOf(type).hasResource) continue;
      if (type.kind === 'instance') walk(type.exports, [...path, name]);
      if (type.kind !== 'type' || type.type.kind !== 'resource' || known.has(type.type.resource)) continue;
      known.add(type.type.resource);
      brought.push({ resource: type.type.resource, path: [...path, name] });
    }
  };
  walk(exports, []);
  return brought;
}
