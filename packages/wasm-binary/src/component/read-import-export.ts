import type { ByteReader } from '../byte-reader.ts';
import type { ComponentExport, ComponentImport } from './component.ts';
import { noBindings, typeMismatch } from './match-types.ts';
import { declareExtern, introduce, readExternName, readExternType } from './read-extern.ts';
import { externAt, readSort } from './read-sort.ts';
import { readOptional } from './read-value-type.ts';
import type { Scope } from './scope.ts';
import { takeExtern } from './take-extern.ts';

export function readImport(reader: ByteReader, scope: Scope): ComponentImport {
  const { named, sort, index, type, resources } = declareExtern(reader, scope, 'imports');
  const { name, parts, attributes } = named;
  return { kind: 'import', sort, index, name, parts, ...attributes, type, resources };
}

/** An export may be given a type of its own, which what is exported has to fit; others see that one. */
export function readExport(reader: ByteReader, scope: Scope): ComponentExport {
  const { reading } = scope;
  const named = readExternName(reader, scope);
  const exported = { sort: readSort(reader, scope), index: reader.u32() };
  const actual = externAt(scope, exported);
  const declared = readOptional(reader, () => readExternType(reader, scope));
  const { type, resources } = declared ? introduce(scope, declared) : { type: actual, resources: [] };
  if (declared) {
    const bindings = noBindings();
    // Of a resource that the type leaves open, every one will do.
    if (declared.fresh !== undefined && actual.kind === 'type' && actual.type.kind === 'resource') {
      bindings.wanted.set(declared.fresh, actual.type.resource);
    }
    const mismatch = typeMismatch(reading, actual, declared.type, bindings);
    if (mismatch !== undefined)
      reading.invalid(`the export "${named.name}" has not the type given to it: ${mismatch}`);
  }
  const { sort, index } = takeExtern(scope, 'exports', named, type);
  const { name, parts, attributes } = named;
  return {
    kind: 'export',
    sort,
    index,
    name,
    parts,
    ...attributes,
    exported: exported.index,
    type,
    resources,
  };
}
