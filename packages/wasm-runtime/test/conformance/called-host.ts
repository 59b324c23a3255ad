import { errno } from '../../src/preview1/errno.ts';
import { createPreview1 } from '../../src/preview1/preview1-host.ts';
import type { OutputSink, Preview1, Preview1Options } from '../../src/preview1/preview1.ts';

/**
 * The host called as a guest would call it, without a guest: strings are laid into a memory of its own, answers read
 * from it. For tests of single calls.
 */
export interface CalledHost {
  readonly host: Preview1;
  readonly memory: WebAssembly.Memory;
  readonly view: DataView;
  /** Calls a function with numbers as they are and strings as pointer and length. */
  readonly call: (name: string, ...args: readonly (number | bigint | string)[]) => number;
  /** The same for calls that may wait. */
  readonly wait: (name: string, ...args: readonly (number | bigint | string)[]) => Promise<number>;
  /** An open descriptor, or a negative errno. */
  readonly open: (directory: number, path: string, how?: OpenHow) => number;
  /** A file's text, or a negative errno. */
  readonly readText: (directory: number, path: string, follow?: boolean) => string | number;
  readonly writeText: (fd: number, text: string) => number;
  readonly stdout: () => string;
}

export interface OpenHow {
  readonly rights?: bigint;
  readonly inheriting?: bigint;
  readonly oflags?: number;
  readonly fdflags?: number;
  readonly follow?: boolean;
}

/** Where calls put their results, vectors, and bytes. */
export const resultAt = 0;
export const vectorsAt = 64;
export const bytesAt = 4_096;
const stringsAt = 65_536;

export const rights = { read: 2n, write: 64n, all: (1n << 28n) - 1n, ofDirectory: ((1n << 28n) - 1n) & ~64n };
export const oflags = { creat: 1, directory: 2, excl: 4, trunc: 8 };

export function callHost(
  options: Partial<Preview1Options> = {},
  snapshot: keyof Preview1['imports'] = 'wasi_snapshot_preview1',
  memoryIs: 'attached' | 'unattached' = 'attached',
): CalledHost {
  const written: Buffer[] = [];
  const collect: OutputSink = { write: (chunk) => void written.push(Buffer.from(chunk)) };
  const host = createPreview1({
    args: ['program'],
    env: [],
    mounts: [],
    stdin: { kind: 'empty' },
    stdout: collect,
    stderr: collect,
    tty: false,
    waiting: 'sync',
    maxDescriptors: 64,
    exit: (code) => {
      throw new WebAssembly.RuntimeError(`exit ${code}`);
    },
    ...options,
  });
  const memory = new WebAssembly.Memory({ initial: 3, maximum: 16 });
  if (memoryIs === 'attached') host.attach(memory);
  const view = () => new DataView(memory.buffer);
  const functions = host.imports[snapshot] as Readonly<Record<string, (...args: unknown[]) => unknown>>;

  function apply(name: string, args: readonly (number | bigint | string)[]): unknown {
    let at = stringsAt;
    const numbers = args.flatMap((arg) => {
      if (typeof arg !== 'string') return [arg];
      const bytes = Buffer.from(arg);
      new Uint8Array(memory.buffer).set(bytes, at);
      at += bytes.length;
      return [at - bytes.length, bytes.length];
    });
    const called = functions[name];
    if (called === undefined) throw new Error(`no function ${name}`);
    return called(...numbers);
  }

  function call(name: string, ...args: readonly (number | bigint | string)[]): number {
    const answer = apply(name, args);
    if (typeof answer !== 'number') throw new TypeError(`${name} did not answer at once`);
    return answer;
  }

  function open(directory: number, path: string, how: OpenHow = {}): number {
    const {
      rights: base = rights.read,
      inheriting = rights.all,
      oflags: flags = 0,
      fdflags = 0,
      follow,
    } = how;
    const answer = call(
      'path_open',
      directory,
      follow ? 1 : 0,
      path,
      flags,
      base,
      inheriting,
      fdflags,
      resultAt,
    );
    return answer === errno.success ? view().getUint32(resultAt, true) : -answer;
  }

  function vector(start: number, length: number): void {
    view().setUint32(vectorsAt, start, true);
    view().setUint32(vectorsAt + 4, length, true);
  }

  return {
    host,
    memory,
    get view() {
      return view();
    },
    call,
    wait: async (name, ...args) => Number(await apply(name, args)),
    open,
    readText(directory, path, follow = true) {
      const fd = open(directory, path, { follow });
      if (fd < 0) return fd;
      vector(bytesAt, 4_096);
      const answer = call('fd_read', fd, vectorsAt, 1, resultAt);
      call('fd_close', fd);
      if (answer !== errno.success) return -answer;
      return Buffer.from(memory.buffer, bytesAt, view().getUint32(resultAt, true)).toString();
    },
    writeText(fd, text) {
      const bytes = Buffer.from(text);
      new Uint8Array(memory.buffer).set(bytes, bytesAt);
      vector(bytesAt, bytes.length);
      return call('fd_write', fd, vectorsAt, 1, resultAt);
    },
    stdout: () => Buffer.concat(written).toString(),
  };
}
