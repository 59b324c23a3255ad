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
export { capTables } from './cap-tables.ts';
export { growthRefusedExport, watchGrowth } from './watch-growth.ts';
export { codeMoves, originalOffset } from './code-moves.ts';
export type { CodeMove } from './code-moves.ts';
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
