import { RuntimeError } from '../errors.ts';

/** Arguments and environment together may not be larger, as encoded. */
const maxBytes = 4 * 1024 * 1024;

const encoder = new TextEncoder();

/** argv as NUL-terminated strings. Throws `INVALID_SPEC`. */
export function encodeArguments(args: readonly string[]): readonly Uint8Array[] {
  return limited(
    'arguments',
    args.map((text, index) => terminated(text, `argument ${index}`)),
  );
}

/** `name=value`, NUL-terminated, in order. Throws `INVALID_SPEC`. */
export function encodeEnvironment(env: readonly (readonly [string, string])[]): readonly Uint8Array[] {
  return limited(
    'environment variables',
    env.map(([name, value]) => {
      if (name === '' || name.includes('=')) {
        throw new RuntimeError(
          'INVALID_SPEC',
          `environment variable ${JSON.stringify(name)}: a name is not empty and has no "="`,
        );
      }
      return terminated(`${name}=${value}`, `environment variable ${name}`);
    }),
  );
}

/** The name of a preopen. Throws `INVALID_MOUNT`. */
export function encodeGuestPath(path: string): Uint8Array {
  if (path !== '.' && !path.startsWith('/')) {
    throw new RuntimeError('INVALID_MOUNT', `guest path ${JSON.stringify(path)} is neither absolute nor "."`);
  }
  if (path.includes('\0')) {
    throw new RuntimeError('INVALID_MOUNT', `guest path ${JSON.stringify(path)} contains a NUL character`);
  }
  return encoder.encode(path);
}

function terminated(text: string, what: string): Uint8Array {
  if (text.includes('\0')) throw new RuntimeError('INVALID_SPEC', `${what} contains a NUL character`);
  return encoder.encode(`${text}\0`);
}

function limited(what: string, strings: readonly Uint8Array[]): readonly Uint8Array[] {
  const bytes = strings.reduce((sum, text) => sum + text.length, 0);
  if (bytes > maxBytes) {
    throw new RuntimeError(
      'INVALID_SPEC',
      `the ${what} take ${bytes} bytes; at most ${maxBytes} are allowed`,
    );
  }
  return strings;
}
