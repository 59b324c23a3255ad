import { Readable } from 'node:stream';
import { creditStep, windowBytes } from './wire/flow.ts';

/** A guest's stdout or stderr as the application reads it. */
export interface OutputReader {
  readonly readable: Readable;
  /** Throws when more comes than there was credit for: then it is no guest host of ours. */
  push(bytes: Uint8Array): void;
  /** The guest is gone. */
  end(): void;
}

/** @param giveCredit so many more bytes may be sent: told when the consumer takes them, not when they arrive */
export function createOutputReader(giveCredit: (bytes: number) => void): OutputReader {
  const arrived: Uint8Array[] = [];
  /** Sent on credit and not yet told as taken. */
  let outstanding = 0;
  let taken = 0;
  let ended = false;
  let wanted = false;
  const readable = new Readable({
    read() {
      wanted = true;
      deliver();
    },
    // Nobody reads any more: the rest is dropped, and the guest does not wait for it.
    destroy(error, done) {
      drop();
      done(error);
    },
  });
  const deliver = (): void => {
    while (wanted) {
      const chunk = arrived.shift();
      if (chunk === undefined) break;
      taken += chunk.length;
      wanted = readable.push(chunk);
    }
    tell();
    if (ended && arrived.length === 0) readable.push(null);
  };
  const drop = (): void => {
    arrived.length = 0;
    taken = outstanding;
    tell();
  };
  const tell = (): void => {
    if (ended || taken < creditStep) return;
    outstanding -= taken;
    giveCredit(taken);
    taken = 0;
  };
  return {
    readable,
    push(bytes) {
      outstanding += bytes.length;
      if (outstanding > windowBytes) throw new TypeError('more output than was asked for');
      arrived.push(bytes);
      if (readable.destroyed) drop();
      else deliver();
    },
    end() {
      ended = true;
      deliver();
    },
  };
}
