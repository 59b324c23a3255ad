/** Memory that content is sent from, for one transfer after the other. */
export interface SendMemory {
  /** For one transfer. */
  lend(): SendBuffers;
}

/** What one transfer has of it. */
export interface SendBuffers {
  /** As many of the first bytes as one buffer takes, in a place where they stay until many more have been sent. */
  copy(bytes: Uint8Array): Uint8Array;
  /** When all of it has arrived. What may still be on its way is left to the garbage collector. */
  giveBack(): void;
}

const bufferBytes = 128 * 1024;
/**
 * A sender reads on when what it has is on its way: two or three of them are in use at once. Were one used too early,
 * the registry would find another digest.
 */
const bufferCount = 16;
/** What is kept for the next transfers: 4 MiB. */
const maxFree = 32;

/** Sending makes no garbage, which would amount to half of the process before it is collected. */
export function createSendMemory(): SendMemory {
  const free: Buffer[] = [];
  return {
    lend() {
      const buffers: Buffer[] = [];
      let next = 0;
      return {
        copy(bytes) {
          const buffer = (buffers[next] ??= free.pop() ?? Buffer.allocUnsafeSlow(bufferBytes));
          next = (next + 1) % bufferCount;
          const part = bytes.subarray(0, buffer.length);
          buffer.set(part);
          return buffer.subarray(0, part.length);
        },
        giveBack() {
          free.push(...buffers.splice(0, maxFree - free.length));
        },
      };
    },
  };
}
