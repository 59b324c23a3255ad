/** Ends a guest from inside a host call in a way that no guest can catch. */
export interface ExitSwitch {
  /** Remembers the code, then traps. */
  exit(code: number): never;
  /** Remembers what a host function failed with, then traps. */
  fail(error: unknown): never;
  /** The first of them that was used. */
  readonly used: Ending | undefined;
}

/** How a guest has ended by what a host function did: by its exit, or by the function's failure. */
export type Ending =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'failure'; readonly error: unknown };

/** (module (func (export "trap") unreachable)) */
const trapModule = Uint8Array.from(
  Buffer.from('0061736d0100000001040160000003020100070801047472617000000a05010300000b', 'hex'),
);

/**
 * A JavaScript exception would be caught by a guest's `catch_all`; a wasm trap below the host call is not,
 * by the exception-handling proposal.
 */
export function createExitSwitch(trap: () => never = createTrap()): ExitSwitch {
  return new TrappingSwitch(trap);
}

class TrappingSwitch implements ExitSwitch {
  readonly #trap: () => never;
  #used: Ending | undefined;

  constructor(trap: () => never) {
    this.#trap = trap;
  }

  get used(): Ending | undefined {
    return this.#used;
  }

  exit(code: number): never {
    this.#used ??= { kind: 'exit', code };
    return this.#trap();
  }

  fail(error: unknown): never {
    this.#used ??= { kind: 'failure', error };
    return this.#trap();
  }
}

/** A wasm function that traps; one will do for many switches. */
export function createTrap(): () => never {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(trapModule));
  return exports['trap'] as () => never;
}
