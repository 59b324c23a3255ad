import { copiedBytes, type Channel } from '../isolation/wire/frames.ts';
import { windowBytes } from '../isolation/wire/flow.ts';
import type { Wire } from '../isolation/wire/wire.ts';
import type { OutputSink } from '../preview1/preview1.ts';

/**
 * A guest's output over the wire. A write returns when the kernel has all of it, so that it arrives whatever
 * becomes of this process; it waits while the receiver has not caught up.
 */
export interface StreamOutput extends OutputSink {
  /** The receiver took so many bytes. */
  credit(bytes: number): void;
}

export function createStreamOutput(channel: Channel, wire: Wire<unknown>): StreamOutput {
  let open = windowBytes;
  let wake: (() => void) | undefined;

  const send = async (chunk: Uint8Array): Promise<void> => {
    let rest = chunk;
    while (rest.length > 0) {
      if (open === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const part = rest.subarray(0, Math.min(open, copiedBytes));
      rest = rest.subarray(part.length);
      open -= part.length;
      await wire.sendData(channel, part);
    }
  };

  return {
    write(chunk) {
      if (chunk.length > Math.min(open, copiedBytes)) {
        // A copy: the guest's memory may move while it is suspended.
        return send(Buffer.from(chunk));
      }
      open -= chunk.length;
      return wire.sendData(channel, chunk);
    },
    credit(bytes) {
      open += bytes;
      wake?.();
      wake = undefined;
    },
  };
}
