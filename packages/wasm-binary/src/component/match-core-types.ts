import type { CoreExternType, CoreFunctionType, CoreLimits, CoreValueType, ModuleType } from './types.ts';

/** Why a core module does not serve where one of another type is wanted, if it does not. */
export function moduleMismatch(given: ModuleType, wanted: ModuleType): string | undefined {
  const provided = new Map(wanted.imports.map(({ module, name, type }) => [importKey(module, name), type]));
  for (const { module, name, type } of given.imports) {
    const offer = provided.get(importKey(module, name));
    if (!offer) return `it imports "${name}" from "${module}", which it is not promised`;
    const mismatch = coreMismatch(offer, type);
    if (mismatch !== undefined) return `its import "${name}" from "${module}": ${mismatch}`;
  }
  const exported = new Map(given.exports.map(({ name, type }) => [name, type]));
  for (const { name, type } of wanted.exports) {
    const offer = exported.get(name);
    if (!offer) return `no export "${name}"`;
    const mismatch = coreMismatch(offer, type);
    if (mismatch !== undefined) return `its export "${name}": ${mismatch}`;
  }
  return undefined;
}

/** One text for both names of an import. */
export function importKey(module: string, name: string): string {
  return `${module.length}:${module}${name}`;
}

/** Why what a core module gets is not what it imports, if it is not. */
export function coreMismatch(given: CoreExternType, wanted: CoreExternType): string | undefined {
  const mismatch = `${describe(wanted)} is wanted, ${describe(given)} is given`;
  switch (wanted.kind) {
    case 'core-func':
      return given.kind === 'core-func' && sameFunction(given, wanted) ? undefined : mismatch;
    case 'core-memory':
      return given.kind === 'core-memory' &&
        given.pageSizeLog2 === wanted.pageSizeLog2 &&
        fits(given.limits, wanted.limits)
        ? undefined
        : mismatch;
    case 'core-table':
      return given.kind === 'core-table' &&
        sameValue(given.element, wanted.element) &&
        fits(given.limits, wanted.limits)
        ? undefined
        : mismatch;
    case 'core-global':
      return given.kind === 'core-global' &&
        given.mutable === wanted.mutable &&
        sameValue(given.type, wanted.type)
        ? undefined
        : mismatch;
    case 'core-tag':
      return given.kind === 'core-tag' && sameValues(given.params, wanted.params) ? undefined : mismatch;
  }
}

function sameFunction(one: CoreFunctionType, other: CoreFunctionType): boolean {
  return sameValues(one.params, other.params) && sameValues(one.results, other.results);
}

/** A core type as text for messages. */
function describe(type: CoreExternType): string {
  switch (type.kind) {
    case 'core-func':
      return `a core function (${type.params.join(' ')}) -> (${type.results.join(' ')})`;
    case 'core-memory':
      return `a memory of ${describeLimits(type.limits)} pages`;
    case 'core-table':
      return `a table of ${describeLimits(type.limits)} ${type.element}`;
    case 'core-global':
      return `a ${type.mutable ? 'mutable' : 'constant'} global ${type.type}`;
    case 'core-tag':
      return `a tag (${type.params.join(' ')})`;
  }
}

function describeLimits({ min, max, shared, address64 }: CoreLimits): string {
  return `${address64 ? '64-bit ' : ''}${shared ? 'shared ' : ''}${min}${max === undefined ? '' : ` to ${max}`}`;
}

function fits(given: CoreLimits, wanted: CoreLimits): boolean {
  return (
    given.address64 === wanted.address64 &&
    given.shared === wanted.shared &&
    given.min >= wanted.min &&
    (wanted.max === undefined || (given.max !== undefined && given.max <= wanted.max))
  );
}

function sameValues(one: readonly CoreValueType[], other: readonly CoreValueType[]): boolean {
  return one.length === other.length && one.every((type, index) => sameValue(type, other[index]));
}

/** References of which only an engine knows the type are taken for each other here: it refuses what does not fit. */
function sameValue(one: CoreValueType, other: CoreValueType | undefined): boolean {
  return one === other || (isReference(one) && isReference(other) && (one === 'ref' || other === 'ref'));
}

function isReference(type: CoreValueType | undefined): boolean {
  return type === 'ref' || type === 'funcref' || type === 'externref' || type === 'exnref';
}
