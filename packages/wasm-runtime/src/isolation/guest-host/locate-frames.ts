import { findSourceLines } from '@wasmlet/wasm-binary';
import { codeBeforePasses } from '../../passes/moved-code.ts';
import type { TrapFrame } from '../guest.ts';

/** Longer line tables are not read: they take about a second for each so many bytes. */
const maxLinesBytes = 64 * 1024 * 1024;

/**
 * Frames of what was compiled, as places in the module as it was given, and in its source where it has line tables (DWARF). To be called
 * when a guest has trapped only: it copies those tables.
 */
export function locateFrames(frames: readonly TrapFrame[], module: WebAssembly.Module): readonly TrapFrame[] {
  const code = codeBeforePasses(module);
  const placed = frames.flatMap((frame) => {
    const offset = code.offset(frame.offset);
    return offset === undefined ? [] : [{ ...frame, offset }];
  });
  const addresses = placed
    .map(({ offset }) => code.address(offset))
    .filter((address) => address !== undefined);
  if (addresses.length < placed.length || addresses.length === 0) return placed;
  const lines = sectionOf(module, '.debug_line');
  if (lines === undefined) return placed;
  const lineStrings = sectionOf(module, '.debug_line_str');
  const strings = sectionOf(module, '.debug_str');
  const found = findSourceLines({ lines, lineStrings, strings }, addresses);
  return placed.map((frame, at) => ({ ...frame, ...found[at] }));
}

function sectionOf(module: WebAssembly.Module, name: string): Uint8Array | undefined {
  const [section] = WebAssembly.Module.customSections(module, name);
  return section && section.byteLength <= maxLinesBytes ? new Uint8Array(section) : undefined;
}
