import type { Connection } from '../system/connection.ts';
import type { InputSource, OutputSink } from './io-resources.ts';
import { sharedInput } from './shared-input.ts';
import { failureOf } from './stream-results.ts';

/** What comes over a connection, as an `input-stream`. */
export function connectionSource({ input }: Connection, close: () => void): InputSource {
  return { ...sharedInput(input), close };
}

/** What goes over a connection, as an `output-stream`. */
export function connectionSink(connection: Connection, close: () => void): OutputSink {
  const room = (): number => {
    try {
      return connection.room;
    } catch (error) {
      throw failureOf(error);
    }
  };
  return {
    room,
    write(bytes) {
      try {
        connection.writeNow(bytes);
      } catch (error) {
        throw failureOf(error);
      }
    },
    /** The kernel is given all at once. */
    flush: () => void room(),
    writable: connection.writable,
    close,
  };
}
