import { describeWasm } from './describe-wasm.ts';
import { sectionId } from './edit-sections.ts';
import { WasmBinaryError } from './errors.ts';
import { defaultLimits } from './limits.ts';
import { readTypes } from './read-types.ts';
import { sectionsOf } from './sections.ts';

/** How much there is of what an engine holds in its own memory for a module. */
export interface ModuleMeasures {
  readonly types: number;
  /** Whether it has types of structs or arrays, which live in the engine's heap. */
  readonly garbageCollected: boolean;
  /** Functions of its own. */
  readonly functions: number;
  readonly imports: number;
  readonly exports: number;
  /** Globals of its own. */
  readonly globals: number;
  /** Bytes of its code, and of its longest function. */
  readonly codeBytes: number;
  readonly longestFunctionBytes: number;
  /** Bytes of its data segments. */
  readonly dataBytes: number;
}

const dataSection = 11;

/**
 * Counts what a module has of what limits are put on, without looking into its code.
 *
 * Throws {@link WasmBinaryError} as `describeWasm` does; `MALFORMED` for a component, `TOO_LARGE` at more than a
 * million types.
 */
export function measureModule(bytes: Uint8Array): ModuleMeasures {
  const description = describeWasm(bytes);
  if (description.kind !== 'module') {
    throw new WasmBinaryError('MALFORMED', 'only modules are measured; this is a component', 4);
  }
  const measures = {
    types: 0,
    garbageCollected: false,
    functions: 0,
    imports: description.imports.length,
    exports: description.exports.length,
    globals: 0,
    codeBytes: 0,
    longestFunctionBytes: 0,
    dataBytes: 0,
  };
  for (const { id, content } of sectionsOf(bytes, defaultLimits.maxSections)) {
    switch (id) {
      case sectionId.type:
        Object.assign(measures, readTypes(content, mostTypes));
        break;
      case sectionId.global:
        measures.globals = content.u32();
        break;
      case sectionId.code:
        measures.codeBytes = content.end - content.offset;
        measures.functions = content.count('functions');
        for (let left = measures.functions; left > 0; left -= 1) {
          const length = content.u32();
          content.skip(length);
          measures.longestFunctionBytes = Math.max(measures.longestFunctionBytes, length);
        }
        break;
      case dataSection:
        measures.dataBytes = content.end - content.offset;
        break;
    }
  }
  return measures;
}

/** No engine takes more (the limits of the JavaScript interface). */
export const mostTypes = 1_000_000;
