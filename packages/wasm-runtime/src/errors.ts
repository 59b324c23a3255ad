/** Why a guest could not be started. */
export type RuntimeErrorCode =
  /** The bytes are no WebAssembly. */
  | 'NOT_WASM'
  /** V8 refuses the module, or it breaks a limit (size, tables, memories). */
  | 'INVALID_MODULE'
  /** Nobody provides one of its imports. */
  | 'UNKNOWN_IMPORT'
  /** A component needs what is not linked yet: asynchronous functions, values, imported components. */
  | 'CANNOT_LINK'
  /** A component whose entry is of WASI 0.3. */
  | 'UNSUPPORTED_WASI'
  /** It lacks the entry function, or, as a component, `wasi:cli/run` (a library, not a command). */
  | 'NO_ENTRY'
  /** A mount's host path is missing, or neither a directory nor a regular file. */
  | 'INVALID_MOUNT'
  /** An address to listen on is taken, or not this machine's. */
  | 'CANNOT_LISTEN'
  /** Other bad input in the spec. */
  | 'INVALID_SPEC'
  /** A host module is not one of the runtime's, or speaks another contract. */
  | 'HOST_MODULE'
  /** The guest host died or did not answer while starting. */
  | 'HOST_FAILED'
  /** The runtime or sandbox has been closed. */
  | 'CLOSED';

/** The one error of this package, besides an abort's reason. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError';
  readonly code: RuntimeErrorCode;
  constructor(code: RuntimeErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
