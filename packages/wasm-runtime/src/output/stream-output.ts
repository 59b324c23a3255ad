import type { OutputSink } from '../preview1/preview1.ts';
import type { Wire } from '../isolation/wire/wire.ts';
import type { Channel } from '../isolation/wire/frames.ts';

/** Bytes of one channel that may be under way before the receiver has said that it took them. */
export const windowBytes = 256 * 1024;

/** A guest's output over the wire, with back-pressure: a write waits while the receiver has not caught up. */
export interface StreamOutput extends OutputSink {
  /** The receiver took so many bytes. */
  credit(bytes: number): void;
}

export function createStreamOutput(channel: Channel, wire: Wire<unknown>): StreamOutput {
  let open = windowBytes;
  let wake: (() => void) | undefined;

  const send = (chunk: Uint8Array): Uint8Array => {
    const now = chunk.subarray(0, open);
    // The guest may write into its memory again as soon as the call returns, the socket may still read it.
    if (now.length > 0) void wire.sendData(channel, Buffer.from(now));
    open -= now.length;
    return chunk.subarray(now.length);
  };
  const sendRest = async (rest: Uint8Array): Promise<void> => {
    // A copy: the guest's memory may move while it is suspended.
    let left: Uint8Array = Buffer.from(rest);
    while (left.length > 0) {
      if (open === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      left = send(left);
    }
  };

  return {
    write(chunk) {
      const rest = send(chunk);
      return rest.length === 0 ? undefined : sendRest(rest);
    },
    credit(bytes) {
      open += bytes;
      wake?.();
      wake = undefined;
    },
  };
}
