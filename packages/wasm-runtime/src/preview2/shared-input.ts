import type { Input } from '../system/input.ts';
import type { InputSource } from './io-resources.ts';
import { failureOf } from './stream-results.ts';

/** Something that can be read, as an `input-stream`; it stays open when a guest drops its handle. */
export function sharedInput(input: Input): InputSource {
  return {
    available: () => told(() => input.available()),
    readNow: (into) => told(() => input.readNow(into)),
    readable: input.readable,
  };
}

function told<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw failureOf(error);
  }
}
