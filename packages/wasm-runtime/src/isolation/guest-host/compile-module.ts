import { RuntimeError } from '../../errors.ts';
import { type PassOptions, rewriteModule } from '../../passes/rewrite-module.ts';

/** Throws {@link RuntimeError} `INVALID_MODULE` for what exceeds its limits, and what V8 refuses. */
export function compileModule(bytes: Uint8Array, passes: PassOptions): WebAssembly.Module {
  const rewritten = rewriteModule(bytes, passes);
  try {
    return new WebAssembly.Module(rewritten);
  } catch (cause) {
    const reason = (cause as Error).message.replace(/^WebAssembly\.Module\(\): /, '');
    throw new RuntimeError('INVALID_MODULE', `the module cannot be compiled: ${reason}`, { cause });
  }
}
