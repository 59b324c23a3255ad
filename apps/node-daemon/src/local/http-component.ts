import { describeWasm, type WasmDescription, WasmBinaryError } from '@wasmlet/wasm-binary';
import { CommandError } from '../errors.ts';

/**
 * Looks whether a component exports `wasi:http/incoming-handler` of WASI 0.2, and so can serve.
 *
 * @throws {@link CommandError} `NO_HANDLER` that names what it exports instead.
 */
export function requireHttpComponent(source: string, bytes: Uint8Array): void {
  const description = describe(source, bytes);
  const exports = description.exports.map((one) => (typeof one === 'string' ? one : one.name));
  if (description.kind === 'component' && exports.some((name) => handler.test(name))) return;
  const names =
    exports
      .slice(0, 10)
      .join(', ')
      .replaceAll(/\p{Cc}/gu, '?') || 'nothing';
  const what = description.kind === 'module' ? 'a core module' : 'a component';
  throw new CommandError(
    'NO_HANDLER',
    `${source} does not export wasi:http/incoming-handler of WASI 0.2, so it serves no HTTP: it is ${what} that exports ${names}.`,
  );
}

const handler = /^wasi:http\/incoming-handler(?:@0\.2\.|$)/;

function describe(source: string, bytes: Uint8Array): WasmDescription {
  try {
    return describeWasm(bytes);
  } catch (cause) {
    if (!(cause instanceof WasmBinaryError)) throw cause;
    throw new CommandError('MODULE', `${source} cannot be read: ${cause.message}`, { cause });
  }
}
