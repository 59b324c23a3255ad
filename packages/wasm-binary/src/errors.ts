/** Why a {@link WasmBinaryError} was thrown. */
export type WasmBinaryErrorCode =
  /** The bytes do not begin as WebAssembly does. */
  | 'NOT_WASM'
  /** They end before what they announce. */
  | 'TRUNCATED'
  /** They break the binary format. */
  | 'MALFORMED'
  /** They are in the format, and break a rule of it: an index of nothing, a type that does not match. */
  | 'INVALID'
  /** They use a part of the format that is not read here. */
  | 'UNSUPPORTED'
  /** Something exceeds a limit of the reader. */
  | 'TOO_LARGE'
  /** The module's declared memory does not fit the limit. */
  | 'MEMORY_LIMIT'
  /** The module's declared tables do not fit the limit. */
  | 'TABLE_LIMIT';

/** What is wrong with a binary, and where. */
export class WasmBinaryError extends Error {
  override readonly name = 'WasmBinaryError';
  readonly code: WasmBinaryErrorCode;
  /** Byte offset from the beginning. */
  readonly offset: number;
  constructor(code: WasmBinaryErrorCode, message: string, offset: number) {
    super(`${message} (at byte ${offset})`);
    this.code = code;
    this.offset = offset;
  }
}
