import { RuntimeError } from '../../errors.ts';

/** Throws {@link RuntimeError} `INVALID_MODULE` for what V8 refuses. */
export function compileModule(bytes: Uint8Array): WebAssembly.Module {
  try {
    return new WebAssembly.Module(bytes);
  } catch (cause) {
    const reason = (cause as Error).message.replace(/^WebAssembly\.Module\(\): /, '');
    throw new RuntimeError('INVALID_MODULE', `the module cannot be compiled: ${reason}`, { cause });
  }
}
