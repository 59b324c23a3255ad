// Runs one module on the preview1 host, in a process of its own: `node run-guest.ts SPEC.json`.
// Exit codes: the guest's own, 134 for a trap, 99 when the host refused.
import { readFileSync, writeSync } from 'node:fs';
import process from 'node:process';
import { createPreview1 } from '../../src/preview1/preview1-host.ts';
import type { InputSource, Preview1Options } from '../../src/preview1/preview1.ts';

export interface GuestRun {
  readonly module: string;
  /** @default '_start' */
  readonly entry?: string;
  readonly args: readonly string[];
  readonly env: readonly (readonly [string, string])[];
  readonly mounts: Preview1Options['mounts'];
  /** `stream`: the bytes of this process's stdin. */
  readonly stdin: 'empty' | 'stream';
  readonly maxDescriptors?: number;
}

Error.stackTraceLimit = 0;
process.umask(0o022);
const run: GuestRun = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
let exitCode: number | undefined;

try {
  const suspend = run.stdin === 'stream';
  const host = createPreview1({
    args: run.args,
    env: run.env,
    mounts: run.mounts,
    stdin: suspend ? processInput() : { kind: 'empty' },
    stdout: { write: (chunk) => writeAll(1, chunk) },
    stderr: { write: (chunk) => writeAll(2, chunk) },
    tty: false,
    waiting: suspend ? 'suspend' : 'sync',
    maxDescriptors: run.maxDescriptors ?? 1024,
    exit: createExit(),
  });
  const module = new WebAssembly.Module(readFileSync(run.module));
  const imports: WebAssembly.Imports = {};
  for (const namespace of ['wasi_snapshot_preview1', 'wasi_unstable'] as const) {
    imports[namespace] = Object.fromEntries(
      Object.entries(host.imports[namespace]).map(([name, call]) => [
        name,
        host.waits.has(name) ? new WebAssembly.Suspending(call) : call,
      ]),
    );
  }
  const { exports } = new WebAssembly.Instance(module, imports);
  const entry = run.entry ?? '_start';
  const { memory, [entry]: start } = exports;
  if (memory instanceof WebAssembly.Memory) host.attach(memory);
  if (typeof start !== 'function') throw new Error(`the module has no ${entry}`);
  try {
    await (suspend ? WebAssembly.promising(start)() : start());
    exitCode = 0;
  } catch (error) {
    if (exitCode === undefined) {
      writeSync(2, `trap: ${String(error)}\n`);
      exitCode = 134;
    }
  } finally {
    host.close();
  }
} catch (error) {
  writeSync(2, `host: ${String(error)}\n`);
  exitCode = 99;
}
process.exit(exitCode);

/** `proc_exit` as a wasm trap, which no guest can catch. */
function createExit(): (code: number) => never {
  const unreachable = new WebAssembly.Module(
    Uint8Array.from([
      0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 8, 1, 4, 116, 114, 97, 112, 0, 0, 10, 5,
      1, 3, 0, 0, 11,
    ]),
  );
  const { trap } = new WebAssembly.Instance(unreachable).exports;
  if (typeof trap !== 'function') throw new Error('unreachable');
  return (code) => {
    exitCode = code;
    trap();
    throw new Error('unreachable');
  };
}

function writeAll(descriptor: number, chunk: Uint8Array): void {
  for (let written = 0; written < chunk.length; ) {
    written += writeSync(descriptor, chunk, written, chunk.length - written);
  }
}

function processInput(): InputSource {
  const chunks: Buffer[] = [];
  let ended = false;
  let wake = Promise.withResolvers<void>();
  const arrived = () => {
    wake.resolve();
    wake = Promise.withResolvers<void>();
  };
  process.stdin.on('data', (chunk) => {
    chunks.push(Buffer.from(chunk));
    arrived();
  });
  process.stdin.on('end', () => {
    ended = true;
    arrived();
  });
  return {
    kind: 'stream',
    readNow(into) {
      const first = chunks[0];
      if (first === undefined) return ended ? 0 : undefined;
      const count = first.copy(into);
      if (count === first.length) chunks.shift();
      else chunks[0] = first.subarray(count);
      return count;
    },
    async readable(signal) {
      if (chunks.length > 0 || ended) return;
      const aborted = Promise.withResolvers<never>();
      signal?.addEventListener('abort', () => aborted.reject(signal.reason), { once: true });
      await Promise.race([wake.promise, aborted.promise]);
    },
  };
}
