// Assertions: a guest that fails one says which and exits with 1. AssemblyScript.
import { errno, fd_write, proc_exit } from './wasi.as';

const vector = memory.data(8, 4);
const written = memory.data(4, 4);

export function expect(holds: bool, what: string): void {
  if (!holds) fail(what);
}

export function ok(actual: u32, what: string): void {
  if (actual != errno.success) fail(what + ': errno ' + actual.toString());
}

export function refused(actual: u32, expected: u32, what: string): void {
  if (actual != expected) fail(what + ': errno ' + actual.toString() + ', expected ' + expected.toString());
}

/** Where one kernel answers one number and another a second. */
export function refusedWith(actual: u32, one: u32, other: u32, what: string): void {
  if (actual != one && actual != other) fail(what + ': errno ' + actual.toString());
}

export function equal<T>(actual: T, expected: T, what: string): void {
  if (actual != expected) fail(what + ': ' + actual.toString() + ', expected ' + expected.toString());
}

export function fail(what: string): void {
  const bytes = String.UTF8.encode('failed: ' + what + '\n');
  store<u32>(vector, changetype<usize>(bytes) as u32);
  store<u32>(vector, bytes.byteLength as u32, 4);
  fd_write(2, vector, 1, written);
  proc_exit(1);
}
