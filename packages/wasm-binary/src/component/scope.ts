import type { Sort } from './component.ts';
import { createExterns, type Externs } from './externs.ts';
import type { Reading } from './reading.ts';
import type {
  ComponentType,
  CoreExternType,
  CoreType,
  DefinedType,
  FunctionType,
  InstanceType,
  ModuleType,
  ResourceId,
  ResourceSource,
} from './types.ts';

/** What an index of each sort stands for, as far as validation needs it. */
interface Entries {
  readonly func: FunctionType;
  readonly type: DefinedType;
  readonly component: ComponentType;
  readonly instance: InstanceType;
  readonly 'core-func': CoreExtern<'core-func'>;
  readonly 'core-table': CoreExtern<'core-table'>;
  readonly 'core-memory': CoreExtern<'core-memory'>;
  readonly 'core-global': CoreExtern<'core-global'>;
  readonly 'core-tag': CoreExtern<'core-tag'>;
  readonly 'core-type': CoreType;
  readonly 'core-module': ModuleType;
  readonly 'core-instance': CoreExports;
}

type CoreExtern<K extends CoreExternType['kind']> = Extract<CoreExternType, { readonly kind: K }>;

/** What a core instance exports. */
export type CoreExports = ReadonlyMap<string, CoreExternType>;

type Spaces = { readonly [S in Sort]: Entries[S][] };

/** Where indices count from 0: a component, or the type of a component or instance. */
export interface Scope {
  readonly kind: 'component' | 'component-type' | 'instance-type';
  readonly reading: Reading;
  /** The scope around it, as far as it has been read. */
  readonly outer?: Scope;
  readonly depth: number;
  readonly spaces: Spaces;
  readonly imports: Externs;
  readonly exports: Externs;
  /** Resources that whoever instantiates it chooses. */
  readonly importedResources: ResourceSource[];
  /** Resources that types of exports leave open. */
  readonly exportedResources: ResourceSource[];
  /** Resource types that the component defines itself. */
  readonly ownResources: Set<ResourceId>;
}

export function createScope(kind: Scope['kind'], reading: Reading, outer?: Scope): Scope {
  const depth = outer === undefined ? 1 : outer.depth + 1;
  if (depth > reading.limits.maxNesting) {
    reading.tooLarge(`more than ${reading.limits.maxNesting} components and types in each other`);
  }
  return {
    kind,
    reading,
    ...(outer && { outer }),
    depth,
    spaces: {
      func: [],
      type: [],
      component: [],
      instance: [],
      'core-func': [],
      'core-table': [],
      'core-memory': [],
      'core-global': [],
      'core-tag': [],
      'core-type': [],
      'core-module': [],
      'core-instance': [],
    },
    imports: createExterns(),
    exports: createExterns(),
    importedResources: [],
    exportedResources: [],
    ownResources: new Set(),
  };
}

/** What an index stands for. Throws `INVALID` when nothing has it yet. */
export function lookUp<S extends Sort>(scope: Scope, sort: S, index: number): Entries[S] {
  const space: readonly Entries[S][] = scope.spaces[sort];
  const entry = space[index];
  if (entry !== undefined) return entry;
  return scope.reading.invalid(
    `${sort.replace('-', ' ')} ${index} is used and ${space.length === 0 ? 'none is' : `${space.length} are`} defined before`,
  );
}

/** Gives an entry the next index of its sort. */
export function append<S extends Sort>(scope: Scope, sort: S, entry: Entries[S]): number {
  const space: Entries[S][] = scope.spaces[sort];
  return space.push(entry) - 1;
}

/** Gives what a core export is the next index of its sort. */
export function appendCore(scope: Scope, type: CoreExternType): number {
  switch (type.kind) {
    case 'core-func':
      return append(scope, type.kind, type);
    case 'core-table':
      return append(scope, type.kind, type);
    case 'core-memory':
      return append(scope, type.kind, type);
    case 'core-global':
      return append(scope, type.kind, type);
    case 'core-tag':
      return append(scope, type.kind, type);
  }
}

/** The scope `count` scopes outward. */
export function scopeOutward(scope: Scope, count: number): Scope {
  let here: Scope | undefined = scope;
  for (let left = count; here !== undefined && left > 0; left -= 1) here = here.outer;
  return (
    here ?? scope.reading.invalid(`an alias of ${count} scopes outward where there are ${scope.depth - 1}`)
  );
}
