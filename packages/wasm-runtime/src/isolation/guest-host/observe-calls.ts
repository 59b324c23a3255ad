import { errno } from '../../preview1/errno.ts';
import type { OutputSink } from '../../preview1/preview1.ts';

/** Looks on while a guest calls its host. */
export interface CallObserver {
  /** The same call, seen. May answer with a promise where the call itself does not, if {@link waits}. */
  wrap(namespace: string, name: string, call: HostCall): HostCall;
  /** Whether wrapped calls have to wait for their trace to be written. */
  readonly waits: boolean;
  /** How often each was called. */
  readonly counts: ReadonlyMap<string, number>;
}

export type HostCall = (...args: never[]) => unknown;

export interface ObserverOptions {
  /** Where a line for each call goes; absent where calls are only counted. */
  readonly trace?: OutputSink | undefined;
  readonly memory: () => WebAssembly.Memory | undefined;
  readonly waiting: 'sync' | 'suspend';
}

export function createCallObserver({ trace, memory, waiting }: ObserverOptions): CallObserver {
  const counts = new Map<string, number>();
  const waits = trace !== undefined && waiting === 'suspend';

  const write = (line: string): void | Promise<void> => {
    try {
      // The guest's stderr may be gone; that is no reason for its calls to fail.
      const written = trace?.write(Buffer.from(`${line}\n`));
      return written?.catch(() => {});
    } catch {
      return undefined;
    }
  };

  return {
    waits,
    counts,
    wrap(namespace, name, call) {
      const invoke = call as (...args: (number | bigint)[]) => unknown;
      const begin = (args: readonly (number | bigint)[]): (() => string) => {
        const shown = `${name}(${describeArguments(name, args, memory()).join(', ')})`;
        const started = performance.now();
        return () => `${shown} <${Math.round((performance.now() - started) * 1000)} µs>`;
      };
      const count = (): void => void counts.set(name, (counts.get(name) ?? 0) + 1);
      if (!trace) {
        return (...args) => {
          count();
          return invoke(...args);
        };
      }
      if (exits.has(name)) {
        return (...args) => {
          count();
          const written = write(`${name}(${args.join(', ')})`);
          return written === undefined ? invoke(...args) : written.then(() => invoke(...args));
        };
      }
      const finish = (shown: () => string, result: unknown): string =>
        `${shown()} = ${describeResult(namespace, result)}`;
      if (waits) {
        return async (...args) => {
          count();
          const shown = begin(args);
          const result = await invoke(...args);
          await write(finish(shown, result));
          return result;
        };
      }
      return (...args) => {
        count();
        const shown = begin(args);
        const result = invoke(...args);
        void write(finish(shown, result));
        return result;
      };
    },
  };
}

/** Calls that do not come back. */
const exits: ReadonlySet<string> = new Set([
  'proc_exit',
  'wasi:cli/exit#exit',
  'wasi:cli/exit#exit-with-code',
]);

const errnoNames = new Map<number, string>(Object.entries(errno).map(([name, number]) => [number, name]));

function describeResult(namespace: string, result: unknown): string {
  if (typeof result !== 'number') return typeof result === 'bigint' ? String(result) : 'nothing';
  const wasi = namespace === 'wasi_snapshot_preview1' || namespace === 'wasi_unstable';
  return (wasi ? errnoNames.get(result) : undefined) ?? String(result);
}

/** Arguments that are a path: where it begins and its length. */
const pathArguments = new Map<string, readonly number[]>([
  ['path_create_directory', [1]],
  ['path_filestat_get', [2]],
  ['path_filestat_set_times', [2]],
  ['path_link', [2, 5]],
  ['path_open', [2]],
  ['path_readlink', [1]],
  ['path_remove_directory', [1]],
  ['path_rename', [1, 4]],
  ['path_symlink', [0, 3]],
  ['path_unlink_file', [1]],
]);

function describeArguments(
  name: string,
  args: readonly (number | bigint)[],
  memory: WebAssembly.Memory | undefined,
): readonly string[] {
  const paths = pathArguments.get(name) ?? [];
  const shown: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    if (paths.includes(at)) {
      shown.push(describePath(Number(args[at]), Number(args[at + 1]), memory));
      at += 1;
    } else shown.push(describeNumber(args[at] ?? 0));
  }
  return shown;
}

/** Small numbers as they are; others, which are mostly pointers, in hexadecimal. */
function describeNumber(value: number | bigint): string {
  if (typeof value === 'bigint') return String(value);
  return value >= 0 && value < 1024 ? String(value) : `0x${(value >>> 0).toString(16)}`;
}

const maxPathShown = 256;

function describePath(pointer: number, length: number, memory: WebAssembly.Memory | undefined): string {
  const start = pointer >>> 0;
  const end = start + (length >>> 0);
  if (!memory || end > memory.buffer.byteLength) {
    return `${describeNumber(pointer)}, ${describeNumber(length)}`;
  }
  const bytes = Buffer.from(memory.buffer).subarray(start, Math.min(end, start + maxPathShown));
  return JSON.stringify(bytes.toString('utf8')) + (end - start > maxPathShown ? '…' : '');
}
