/** A type without parts. */
export type PrimitiveKind =
  | 'bool'
  | 's8'
  | 'u8'
  | 's16'
  | 'u16'
  | 's32'
  | 'u32'
  | 's64'
  | 'u64'
  | 'f32'
  | 'f64'
  | 'char'
  | 'string'
  | 'error-context';

/**
 * A type of values, without indices: equal types may or may not be the same object, and one object may stand in
 * many places.
 */
export type ValueType =
  | { readonly kind: PrimitiveKind }
  | { readonly kind: 'record'; readonly fields: readonly NamedType[] }
  | { readonly kind: 'variant'; readonly cases: readonly VariantCase[] }
  /** With `length`, exactly so many elements, held in place. */
  | { readonly kind: 'list'; readonly element: ValueType; readonly length?: number }
  | { readonly kind: 'map'; readonly key: ValueType; readonly value: ValueType }
  | { readonly kind: 'tuple'; readonly elements: readonly ValueType[] }
  | { readonly kind: 'flags'; readonly labels: readonly string[] }
  | { readonly kind: 'enum'; readonly labels: readonly string[] }
  | { readonly kind: 'option'; readonly type: ValueType }
  | { readonly kind: 'result'; readonly ok?: ValueType; readonly error?: ValueType }
  | { readonly kind: 'own'; readonly resource: ResourceId }
  | { readonly kind: 'borrow'; readonly resource: ResourceId }
  | { readonly kind: 'stream'; readonly element?: ValueType }
  | { readonly kind: 'future'; readonly element?: ValueType };

/** A field of a record, or a parameter. */
export interface NamedType {
  readonly name: string;
  readonly type: ValueType;
}

/** One case; without a type it holds nothing. */
export interface VariantCase {
  readonly name: string;
  readonly type?: ValueType;
}

/**
 * Which resource type is meant: equal numbers are the same type. A number belongs to one scope (a component, a component
 * type, an instance type); where a number is introduced, a {@link ResourceSource} says where the resource comes from.
 */
export type ResourceId = number;

/** A resource type that the component defines itself. */
export interface ResourceType {
  readonly kind: 'resource';
  readonly resource: ResourceId;
  /** Index of the core function that destroys it. */
  readonly destructor?: number;
}

/** A function of a component. */
export interface FunctionType {
  readonly kind: 'func';
  readonly async: boolean;
  readonly params: readonly NamedType[];
  readonly result?: ValueType;
}

/** What an instance of a component exports. */
export interface InstanceType {
  readonly kind: 'instance';
  readonly exports: readonly ExternItem[];
  /** Resources that every instance of the type brings anew. */
  readonly resources: readonly ResourceSource[];
}

/** What a component wants and exports. */
export interface ComponentType {
  readonly kind: 'component';
  readonly imports: readonly ExternItem[];
  readonly exports: readonly ExternItem[];
  /** Resources that whoever instantiates it chooses: paths lead through its imports. */
  readonly importedResources: readonly ResourceSource[];
  /** Resources that every instance brings anew: paths lead through its exports. */
  readonly resources: readonly ResourceSource[];
}

/** Where a resource comes from: names that lead to it, e.g. `['wasi:io/streams@0.2.0', 'input-stream']`. */
export interface ResourceSource {
  readonly resource: ResourceId;
  readonly path: readonly string[];
}

/** A named import or export of a type. */
export interface ExternItem {
  readonly name: string;
  readonly type: ExternType;
}

/** What a name stands for, to the outside. */
export type ExternType =
  | FunctionType
  | InstanceType
  | ComponentType
  | ModuleType
  /** A type: of which the shape is known or, by `resource`, nothing else than its identity. */
  | { readonly kind: 'type'; readonly type: DefinedType | AbstractResource };

/** A resource of which the scope knows nothing but that it is one. */
export interface AbstractResource {
  readonly kind: 'resource';
  readonly resource: ResourceId;
}

/** What an index of types stands for. */
export type DefinedType = ValueType | FunctionType | InstanceType | ComponentType | ResourceType;

/** A core value type; `ref` is any reference that is not one of the others: comparing these is left to the engine. */
export type CoreValueType =
  | 'i32'
  | 'i64'
  | 'f32'
  | 'f64'
  | 'v128'
  | 'funcref'
  | 'externref'
  | 'exnref'
  | 'ref';

/** A function of a core module. */
export interface CoreFunctionType {
  readonly kind: 'core-func';
  readonly params: readonly CoreValueType[];
  readonly results: readonly CoreValueType[];
}

/** Bounds of a memory in pages, or of a table in elements. */
export interface CoreLimits {
  readonly min: number;
  readonly max?: number;
  readonly shared: boolean;
  /** Whether addresses are 64-bit. */
  readonly address64: boolean;
}

/** What an import or export of a core module is. */
export type CoreExternType =
  | CoreFunctionType
  | { readonly kind: 'core-table'; readonly element: CoreValueType; readonly limits: CoreLimits }
  | { readonly kind: 'core-memory'; readonly limits: CoreLimits; readonly pageSizeLog2: number }
  | { readonly kind: 'core-global'; readonly type: CoreValueType; readonly mutable: boolean }
  | { readonly kind: 'core-tag'; readonly params: readonly CoreValueType[] };

/** What a core module wants and exports. */
export interface ModuleType {
  readonly kind: 'core-module';
  readonly imports: readonly {
    readonly module: string;
    readonly name: string;
    readonly type: CoreExternType;
  }[];
  readonly exports: readonly { readonly name: string; readonly type: CoreExternType }[];
}

/** What an index of core types stands for. */
export type CoreType = CoreFunctionType | ModuleType | { readonly kind: 'core-aggregate' };
