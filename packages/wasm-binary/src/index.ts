/**
 * Bounded reader and rewriter of WebAssembly binaries, for code that has to look at foreign modules and
 * components without compiling them. Start with {@link describeWasm}.
 *
 * @packageDocumentation
 */
export { describeWasm } from './describe-wasm.ts';
export type { WasmDescription } from './describe-wasm.ts';
export { sniffWasm } from './sniff-wasm.ts';
export { capMemory } from './cap-memory.ts';
export { importMemory } from './import-memory.ts';
export type { MemoryImport } from './import-memory.ts';
export { capTables } from './cap-tables.ts';
export { changesTables } from './changes-tables.ts';
export { exportGlobals } from './export-globals.ts';
export type { ExportedGlobals } from './export-globals.ts';
export { growthRefusedExport, watchGrowth } from './watch-growth.ts';
export { splitBulk } from './split-bulk.ts';
export type { BulkSteps } from './split-bulk.ts';
export { codeMoves, originalOffset } from './code-moves.ts';
export type { CodeMove } from './code-moves.ts';
export { debuggedCodeStart } from './dwarf/debugged-code.ts';
export { findSourceLines } from './dwarf/find-source-lines.ts';
export type { DebugSections, SourceLine } from './dwarf/find-source-lines.ts';
export { exportedSignature } from './function-signature.ts';
export type { FunctionSignature, SignatureType } from './function-signature.ts';
export { measureModule } from './measure-module.ts';
export type { ModuleMeasures } from './measure-module.ts';
export { WasmBinaryError } from './errors.ts';
export type { WasmBinaryErrorCode } from './errors.ts';
export type { BinaryLimits } from './limits.ts';
export type {
  ExternKind,
  MemoryType,
  ModuleDescription,
  ModuleExport,
  ModuleImport,
} from './read-module.ts';
export type { TableType } from './read-tables.ts';
export type { ComponentDescription, WitPackageDescription } from './read-component.ts';
export { parseComponent } from './component/parse-component.ts';
export type {
  AliasDefinition,
  Component,
  ComponentExport,
  ComponentImport,
  ComponentSort,
  CoreInstanceDefinition,
  CoreModuleDefinition,
  CoreSort,
  CoreTypeDefinition,
  Definition,
  ExternAttributes,
  InstanceDefinition,
  NamedReference,
  NestedComponentDefinition,
  Sort,
  TypeDefinition,
} from './component/component.ts';
export type {
  BareOp,
  CanonBuiltIn,
  CancellableOp,
  CanonDefinition,
  CanonOptions,
  StreamCancelOp,
  StreamCopyOp,
  StreamEndOp,
  StreamType,
  StringEncoding,
} from './component/canon.ts';
export type {
  AbstractResource,
  ComponentType,
  CoreExternType,
  CoreFunctionType,
  CoreLimits,
  CoreType,
  CoreValueType,
  DefinedType,
  ExternItem,
  ExternType,
  FunctionType,
  InstanceType,
  ModuleType,
  NamedType,
  PrimitiveKind,
  ResourceId,
  ResourceSource,
  ResourceType,
  ValueType,
  VariantCase,
} from './component/types.ts';
export type { ComponentLimits } from './component/limits.ts';
export { readForwardingModule } from './component/forwarding-module.ts';
export type { ForwardingModule, ImportName } from './component/forwarding-module.ts';
export { casesOf, layoutOf, recordLayout, variantLayout } from './component/layout.ts';
export type { KnownLayouts, Layout } from './component/layout.ts';
export {
  flattenFunction,
  flattenType,
  flattenTypes,
  maxFlatAsyncParams,
  maxFlatParams,
  maxFlatResults,
} from './component/flatten.ts';
export type { FlatFunction, FlatType } from './component/flatten.ts';
export { isLabel, parseExternName, parseInterfaceName } from './component/extern-name.ts';
export type { ExternName, InterfaceName } from './component/extern-name.ts';
export { compatibleVersion, isCanonicalVersion, parseVersion } from './component/version.ts';
export type { Version } from './component/version.ts';
