import type { ExternName } from './extern-name.ts';
import type { Reading } from './reading.ts';
import type { AnyType } from './type-parts.ts';
import type { ExternItem, ExternType, FunctionType, ResourceId } from './types.ts';

/** The imports of a scope, or its exports: names that are told apart in every language, and resources they name. */
export interface Externs {
  readonly items: ExternItem[];
  /** Names as they are compared. */
  readonly taken: Set<string>;
  /** Resources by their labels in lower case. */
  readonly resources: Map<string, ResourceId>;
  /** Resources that a name outside leads to. */
  readonly named: Set<ResourceId>;
  /** Types of which all resources are {@link named}. */
  readonly checked: Set<AnyType>;
}

export function createExterns(): Externs {
  return { items: [], taken: new Set(), resources: new Map(), named: new Set(), checked: new Set() };
}

/** Adds an import or export, when its name may be used for what it is and is not taken. Throws `INVALID`. */
export function addExtern(
  reading: Reading,
  externs: Externs,
  { name, parts, type }: ExternItem & { readonly parts: ExternName },
): void {
  const compared = comparedName(name, parts);
  if (externs.taken.has(compared))
    reading.invalid(`the name "${name}" is taken, in this or another spelling`);
  externs.taken.add(compared);
  checkResourceName(reading, externs, name, parts, type);
  if (parts.kind === 'plain' && type.kind === 'type' && type.type.kind === 'resource') {
    externs.resources.set(parts.label.toLowerCase(), type.type.resource);
  }
  externs.items.push({ name, type });
}

/** Two names with the same compared name would be one name in some language. */
function comparedName(name: string, parts: ExternName): string {
  if (parts.kind === 'plain' || parts.kind === 'constructor' || parts.kind === 'interface')
    return name.toLowerCase();
  if (parts.kind !== 'method' && parts.kind !== 'static') return name;
  const resource = parts.resource.toLowerCase();
  const member = parts.member.toLowerCase();
  return resource === member ? resource : `${resource}.${member}`;
}

/** Functions named after a resource take it or make it. */
function checkResourceName(
  reading: Reading,
  { resources }: Externs,
  name: string,
  parts: ExternName,
  type: ExternType,
): void {
  if (parts.kind !== 'constructor' && parts.kind !== 'method' && parts.kind !== 'static') return;
  if (type.kind !== 'func') return reading.invalid(`"${name}" is no function`);
  const resource = resources.get(parts.resource.toLowerCase());
  if (resource === undefined) return reading.invalid(`"${name}" names a resource that is not here`);
  switch (parts.kind) {
    case 'constructor':
      if (type.async) reading.invalid(`"${name}" cannot be asynchronous`);
      if (!makes(type, resource)) reading.invalid(`"${name}" has to result in its resource`);
      break;
    case 'method': {
      const [self] = type.params;
      if (self?.name !== 'self' || self.type.kind !== 'borrow' || self.type.resource !== resource) {
        reading.invalid(`the first parameter of "${name}" has to be "self", its resource borrowed`);
      }
      break;
    }
    case 'static':
      break;
  }
}

function makes({ result }: FunctionType, resource: ResourceId): boolean {
  const made = result?.kind === 'result' ? result.ok : result;
  return made?.kind === 'own' && made.resource === resource;
}
