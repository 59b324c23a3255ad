import type { CanonDefinition } from './canon.ts';
import type { ExternName } from './extern-name.ts';
import type {
  ComponentType,
  CoreExternType,
  CoreType,
  DefinedType,
  ExternType,
  InstanceType,
  ModuleType,
  ResourceSource,
} from './types.ts';

/**
 * A component as data: what it wants, what it offers, and the steps that make an instance of it. Plain and
 * structured-cloneable; offsets are from the beginning of the bytes that were parsed, nested components' too.
 */
export interface Component {
  readonly kind: 'component';
  readonly start: number;
  readonly end: number;
  readonly imports: readonly ComponentImport[];
  readonly exports: readonly ComponentExport[];
  /** In order: each may use only what those before it added to the index spaces. */
  readonly definitions: readonly Definition[];
  /** What whoever instantiates it sees. */
  readonly type: ComponentType;
}

/** Index spaces. Each definition adds at most one index to one of them, which is its `index`; they count from 0. */
export type Sort = ComponentSort | CoreSort;
/** Index spaces of a component's own things. */
export type ComponentSort = 'func' | 'type' | 'component' | 'instance';
/** Index spaces of what its core modules consist of. */
export type CoreSort =
  | 'core-func'
  | 'core-table'
  | 'core-memory'
  | 'core-global'
  | 'core-tag'
  | 'core-type'
  | 'core-module'
  | 'core-instance';

/** A name given to something that exists: an argument, or an export of an instance put together from parts. */
export interface NamedReference {
  readonly name: string;
  readonly sort: Sort;
  readonly index: number;
}

/** One step; what it defines has the next index of its sort. */
export type Definition =
  | CoreModuleDefinition
  | CoreInstanceDefinition
  | CoreTypeDefinition
  | NestedComponentDefinition
  | InstanceDefinition
  | AliasDefinition
  | TypeDefinition
  | CanonDefinition
  | ComponentImport
  | ComponentExport;

/** A core module: the bytes between the offsets are one. */
export interface CoreModuleDefinition {
  readonly kind: 'core-module';
  readonly index: number;
  readonly start: number;
  readonly end: number;
  readonly type: ModuleType;
}

/** An instance of a core module, or one put together from parts of others. */
export type CoreInstanceDefinition =
  | {
      readonly kind: 'core-instance';
      readonly from: 'module';
      readonly index: number;
      readonly module: number;
      /** Each core instance provides all imports of one module name. */
      readonly args: readonly { readonly name: string; readonly instance: number }[];
    }
  | {
      readonly kind: 'core-instance';
      readonly from: 'exports';
      readonly index: number;
      readonly exports: readonly NamedReference[];
    };

/** A type of a core function or module. */
export interface CoreTypeDefinition {
  readonly kind: 'core-type';
  readonly index: number;
  readonly type: CoreType;
}

/** A component inside; its outer aliases look into the index spaces of this one as they are at this point. */
export interface NestedComponentDefinition {
  readonly kind: 'component';
  readonly index: number;
  readonly component: Component;
}

/** An instance of a component, or one put together from what there is. */
export type InstanceDefinition =
  | {
      readonly kind: 'instance';
      readonly from: 'component';
      readonly index: number;
      readonly component: number;
      readonly args: readonly NamedReference[];
      readonly type: InstanceType;
      /** Resources that this scope knows from here on: paths lead through the instance's exports. */
      readonly resources: readonly ResourceSource[];
    }
  | {
      readonly kind: 'instance';
      readonly from: 'exports';
      readonly index: number;
      readonly exports: readonly NamedReference[];
      readonly type: InstanceType;
    };

/** Another index for what is exported by an instance, or is of a component around this one. */
export type AliasDefinition = {
  readonly kind: 'alias';
  readonly sort: Sort;
  readonly index: number;
} & (
  | {
      readonly of: 'export';
      readonly instance: number;
      readonly name: string;
      readonly type: ExternType;
    }
  | {
      readonly of: 'core-export';
      readonly instance: number;
      readonly name: string;
      readonly type: CoreExternType;
    }
  /** `scopes` enclosing components outward, and the index there. */
  | { readonly of: 'outer'; readonly scopes: number; readonly outerIndex: number }
);

/** A type that the component names. */
export interface TypeDefinition {
  readonly kind: 'type';
  readonly index: number;
  /** A `resource` here is one that every instance of the component makes anew. */
  readonly type: DefinedType;
}

/** What an import or export says about itself beside its name. */
export interface ExternAttributes {
  /** The interface that an instance with a plain name implements. */
  readonly implements?: string;
  /** The rest of a version that its name has in short: `.3` of `a:b/c@0.2`. */
  readonly versionSuffix?: string;
  readonly externalId?: string;
}

export interface ComponentImport extends ExternAttributes {
  readonly kind: 'import';
  readonly sort: Sort;
  readonly index: number;
  /** As the binary has it. */
  readonly name: string;
  /** The same, split; the version is complete. */
  readonly parts: ExternName;
  readonly type: ExternType;
  /** Resources that this scope knows from here on: paths lead from the import, empty for itself. */
  readonly resources: readonly ResourceSource[];
}

export interface ComponentExport extends ExternAttributes {
  readonly kind: 'export';
  readonly sort: Sort;
  /** The new index: an export may be used by those after it. */
  readonly index: number;
  readonly name: string;
  readonly parts: ExternName;
  /** What is exported, an index in the same sort. */
  readonly exported: number;
  readonly type: ExternType;
  /** Resources that this scope knows from here on, as the type given to the export hides which they are. */
  readonly resources: readonly ResourceSource[];
}
