import type { Duplex } from 'node:stream';
import { type Channel, createFrameDecoder, encodeControl, encodeData, type Frame } from './frames.ts';

/** One end of the wire. */
export interface Wire<Sent> {
  send(message: Sent): void;
  /** Hands bytes to the socket; resolves when it can take more. */
  sendData(channel: Channel, bytes: Uint8Array): Promise<void>;
  /** Sends what is left and closes. */
  end(): Promise<void>;
  destroy(): void;
}

export interface WireEvents {
  onFrame(frame: Frame): void;
  /** The peer is gone, or sent what no peer of ours sends (`error`). Called once. */
  onClose(error?: Error): void;
}

/** Speaks frames over a stream; a peer that breaks the format is disconnected. */
export function openWire<Sent>(socket: Duplex, { onFrame, onClose }: WireEvents): Wire<Sent> {
  const decoder = createFrameDecoder();
  let failure: Error | undefined;
  socket.on('data', (chunk: Uint8Array) => {
    try {
      for (const frame of decoder.push(chunk)) onFrame(frame);
    } catch (error) {
      failure ??= error as Error;
      socket.destroy();
    }
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    // A peer that was killed resets the connection: its end is told by `close`.
    if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') failure ??= error;
  });
  socket.once('close', () => onClose(failure));
  return {
    send(message) {
      if (!socket.destroyed) socket.write(encodeControl(message));
    },
    async sendData(channel, bytes) {
      let flowing = true;
      for (const part of encodeData(channel, bytes)) {
        if (socket.destroyed) return;
        flowing = socket.write(part);
      }
      if (!flowing) await drained(socket);
    },
    end: () =>
      new Promise((resolve) => {
        if (socket.destroyed) resolve();
        else socket.end(resolve);
      }),
    destroy: () => socket.destroy(),
  };
}

function drained(socket: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      socket.off('drain', settle).off('close', settle);
      resolve();
    };
    socket.on('drain', settle).on('close', settle);
  });
}
