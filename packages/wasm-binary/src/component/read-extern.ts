import type { ByteReader } from '../byte-reader.ts';
import type { ExternAttributes, Sort } from './component.ts';
import { type ExternName, parseExternName, parseInterfaceName } from './extern-name.ts';
import { readList } from './read-value-type.ts';
import { lookUp, type Scope } from './scope.ts';
import { below, openType } from './substitute.ts';
import { takeExtern } from './take-extern.ts';
import type { DefinedType, ExternType, ResourceId, ResourceSource } from './types.ts';

/** A name as the binary has it, in its parts, and what else is said with it. */
export interface NamedExtern {
  readonly name: string;
  readonly parts: ExternName;
  readonly attributes: ExternAttributes;
}

/** What an import or export is declared to be, before a scope has it. */
export interface DeclaredExtern {
  readonly type: ExternType;
  /** The resource that the declaration introduces, when it is one of which nothing else is known. */
  readonly fresh?: ResourceId;
}

const attributeNames = ['implements', 'versionSuffix', 'externalId'] as const;

/** `0x00`, `0x01`: a name; `0x02`: a name with attributes, each at most once. */
export function readExternName(reader: ByteReader, { reading }: Scope): NamedExtern {
  const form = reader.byte();
  if (form > 2) reader.fail('an unknown form of a name');
  const name = reading.name(reader);
  const attributes: { -readonly [K in keyof ExternAttributes]: ExternAttributes[K] } = {};
  if (form === 2) {
    readList(reader, 'attributes', () => {
      const attribute = attributeNames[reader.byte()] ?? reader.fail('an unknown attribute of a name');
      if (attributes[attribute] !== undefined) reading.invalid(`an attribute of "${name}" twice`);
      attributes[attribute] = reading.name(reader);
    });
  }
  const parts = parseExternName(name, attributes.versionSuffix);
  if (!parts)
    return reading.invalid(`"${name}${attributes.versionSuffix ?? ''}" is no name of an import or export`);
  if (
    attributes.implements !== undefined &&
    (parts.kind !== 'plain' || !parseInterfaceName(attributes.implements))
  ) {
    reading.invalid(`"${name}" cannot implement "${attributes.implements}"`);
  }
  return { name, parts, attributes };
}

export function readExternType(reader: ByteReader, scope: Scope): DeclaredExtern {
  const { reading } = scope;
  switch (reader.byte()) {
    case 0x00: {
      if (reader.byte() !== 0x11) reader.fail('an unknown core sort of an import or export');
      const type = lookUp(scope, 'core-type', reader.u32());
      return type.kind === 'core-module' ? { type } : reading.invalid('a core type that is no module’s');
    }
    case 0x01:
      return { type: typeAt(scope, reader.u32(), 'func') };
    case 0x02:
      return reading.unsupported('imports and exports of values');
    case 0x03:
      return readTypeBound(reader, scope);
    case 0x04:
      return { type: typeAt(scope, reader.u32(), 'component') };
    case 0x05:
      return { type: typeAt(scope, reader.u32(), 'instance') };
    default:
      return reader.fail('an unknown kind of import or export');
  }
}

/** What a scope gets when something of the declared type comes into it. */
export function introduce(
  { reading }: Scope,
  { type, fresh }: DeclaredExtern,
): { readonly type: ExternType; readonly resources: readonly ResourceSource[] } {
  if (fresh !== undefined) return { type, resources: [{ resource: fresh, path: [] }] };
  return openType(reading, type);
}

/** Adds it to the scope's imports or exports and to its index space. */
export function declareExtern(
  reader: ByteReader,
  scope: Scope,
  direction: 'imports' | 'exports',
): { readonly named: NamedExtern; readonly sort: Sort; readonly index: number } & ReturnType<
  typeof introduce
> {
  const named = readExternName(reader, scope);
  const introduced = introduce(scope, readExternType(reader, scope));
  const sources = direction === 'imports' ? scope.importedResources : scope.exportedResources;
  sources.push(...below(named.name, introduced.resources));
  return { named, ...introduced, ...takeExtern(scope, direction, named, introduced.type) };
}

function readTypeBound(reader: ByteReader, scope: Scope): DeclaredExtern {
  switch (reader.byte()) {
    case 0x00:
      return { type: typeExtern(lookUp(scope, 'type', reader.u32())) };
    case 0x01: {
      const fresh = scope.reading.nextResource();
      return { type: { kind: 'type', type: { kind: 'resource', resource: fresh } }, fresh };
    }
    default:
      return reader.fail('an unknown bound of a type');
  }
}

/** A type as others see it: of a resource, nothing but which it is. */
export function typeExtern(type: DefinedType): ExternType {
  if (type.kind !== 'resource') return { kind: 'type', type };
  return { kind: 'type', type: { kind: 'resource', resource: type.resource } };
}

function typeAt<K extends DefinedType['kind']>(
  scope: Scope,
  index: number,
  kind: K,
): Extract<DefinedType, { readonly kind: K }> {
  const type = lookUp(scope, 'type', index);
  return isOfKind(type, kind)
    ? type
    : scope.reading.invalid(`type ${index} is a ${type.kind}'s and used as a ${kind}'s`);
}

function isOfKind<K extends DefinedType['kind']>(
  type: DefinedType,
  kind: K,
): type is Extract<DefinedType, { readonly kind: K }> {
  return type.kind === kind;
}
