/** Memory that content is sent from, which serves again and again. */
export interface SendBuffers {
  /** As many of the first bytes as one buffer takes, in a place where they stay until many more have been sent. */
  copy(bytes: Uint8Array): Uint8Array;
}

const bufferBytes = 128 * 1024;
/**
 * A sender reads on when what it has is on its way: two or three of them are in use at once. Were one used too early,
 * the registry would find another digest.
 */
const bufferCount = 16;

/** Sending makes no garbage, which would amount to half of the process before it is collected. */
export function createSendBuffers(totalBytes: number): SendBuffers {
  const buffers: Buffer[] = [];
  let next = 0;
  return {
    copy(bytes) {
      const buffer = (buffers[next] ??= Buffer.allocUnsafeSlow(Math.min(bufferBytes, totalBytes)));
      next = (next + 1) % bufferCount;
      const part = bytes.subarray(0, buffer.length);
      buffer.set(part);
      return buffer.subarray(0, part.length);
    },
  };
}
