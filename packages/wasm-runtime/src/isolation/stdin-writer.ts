import { Writable } from 'node:stream';
import { windowBytes } from './wire/flow.ts';
import type { DaemonMessage } from './wire/messages.ts';
import type { Wire } from './wire/wire.ts';

/** A guest's stdin as the application writes it; waits while the guest does not read. */
export interface StdinWriter {
  readonly writable: Writable;
  credit(bytes: number): void;
  /** The guest is gone: what is still written is dropped. */
  close(): void;
}

export function createStdinWriter(wire: Wire<DaemonMessage>): StdinWriter {
  let open = windowBytes;
  let closed = false;
  let wake: (() => void) | undefined;

  const send = async (chunk: Uint8Array): Promise<void> => {
    for (let at = 0; at < chunk.length && !closed; ) {
      if (open === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      const part = chunk.subarray(at, at + open);
      open -= part.length;
      at += part.length;
      await wire.sendData('stdin', part);
    }
  };
  const rouse = (): void => {
    wake?.();
    wake = undefined;
  };
  const writable = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      send(chunk).then(() => done(), done);
    },
    final(done) {
      if (!closed) wire.send({ tag: 'stdin-end' });
      done();
    },
  });
  return {
    writable,
    credit(bytes) {
      open += bytes;
      rouse();
    },
    close() {
      closed = true;
      rouse();
      writable.destroy();
    },
  };
}
