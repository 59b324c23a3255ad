import type { TrapFrame } from '../guest.ts';
import { maxFrames } from '../wire/messages.ts';
import { demangleRust } from './demangle-rust.ts';
import { ownFrame } from './suspending.ts';

const wasmFrame = /^\s+at (?:(\S.*?) \()?wasm:\/\/wasm\/[^:]*:wasm-function\[(\d+)\]:0x([0-9a-f]+)/;

/** The guest's functions in an error's stack, innermost first, with offsets in what was compiled. */
export function backtraceOf(error: unknown): readonly TrapFrame[] {
  if (!(error instanceof Error)) return [];
  const frames: TrapFrame[] = [];
  for (const line of (error.stack ?? '').split('\n')) {
    const [, name = '', index = '', offset = ''] = wasmFrame.exec(line) ?? [];
    if (index === '' || line.includes(ownFrame)) continue;
    frames.push({
      // V8 writes `<module name>.<function name>`, and only what the name section has.
      ...(name === '' || name.startsWith('wasm://')
        ? {}
        : { name: demangleRust(name).slice(0, maxNameLength) }),
      function: Number(index),
      offset: Number.parseInt(offset, 16),
    });
    if (frames.length === maxFrames) break;
  }
  return frames;
}

const maxNameLength = 300;

/** As wasmtime shows it, below a message. */
export function showBacktrace(frames: readonly TrapFrame[]): string {
  if (frames.length === 0) return '';
  const lines = frames.map(
    ({ name, function: index, offset, ...source }, at) =>
      `  ${at}: 0x${offset.toString(16)} - <module>!${name ?? `wasm-function[${index}]`}${showSource(source)}`,
  );
  return `\nwasm backtrace:\n${lines.join('\n')}`;
}

function showSource({ file, line, column }: Pick<TrapFrame, 'file' | 'line' | 'column'>): string {
  if (file === undefined) return '';
  return `\n        at ${[file, line, column].filter((part) => part !== undefined).join(':')}`;
}
