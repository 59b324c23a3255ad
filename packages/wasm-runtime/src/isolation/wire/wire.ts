import type { Duplex } from 'node:stream';
import {
  type Channel,
  controlText,
  createFrameDecoder,
  encodeData,
  encodeText,
  type Frame,
  type TextKind,
} from './frames.ts';
import type { SeatGone, SeatOrder } from './seat-messages.ts';

/** One end of the wire. */
export interface Wire<Sent> {
  send(message: Sent): void;
  /**
   * Sends bytes. A promise when the kernel has not taken all of them yet, which settles when it has: what it has
   * taken arrives even when this process is killed. More than {@link copiedBytes} must not change until then.
   */
  sendData(channel: Channel, bytes: Uint8Array): Promise<void> | undefined;
  /**
   * Sends what is left and closes. Settles when the peer has closed too: it may be sending, and if it met the end of this
   * process, what it has not read yet would be lost.
   */
  end(): Promise<void>;
  destroy(): void;
}

export interface WireEvents {
  readonly onFrame: (frame: Frame) => void;
  /** The peer is gone, or sent what no peer of ours sends (`error`). Called once. */
  readonly onClose: (error?: Error) => void;
}

/** The one that all seats of a guest host use. */
export interface SharedWire<Sent> extends Wire<Sent> {
  /** Sends to one seat, or from it. Ends with the whole wire. */
  seat<Seated>(seat: number): SeatWire<Seated>;
}

export interface SeatWire<Sent> extends Wire<Sent> {
  /** Passes on a message as it has come. */
  sendText(text: string): void;
  /** Speaks about the seat with who has it, instead of with its guest. */
  sendOfSeat(message: SeatOrder | SeatGone): void;
}

/** Speaks frames over a stream; a peer that breaks the format is disconnected. */
export function openWire<Sent>(socket: Duplex, { onFrame, onClose }: WireEvents): SharedWire<Sent> {
  const decoder = createFrameDecoder();
  let failure: Error | undefined;
  socket.on('data', (chunk: Uint8Array) => {
    try {
      decoder.push(chunk, onFrame);
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
  const sendText = (kind: TextKind, text: string, seat: number): void => {
    if (!socket.destroyed) socket.write(encodeText(kind, text, seat));
  };
  const seatWire = <Seated>(seat: number): SeatWire<Seated> => ({
    send: (message) => sendText('control', controlText(message), seat),
    sendText: (text) => sendText('control', text, seat),
    sendOfSeat: (message) => sendText('seat', controlText(message), seat),
    sendData(channel, bytes) {
      if (socket.destroyed || bytes.length === 0) return undefined;
      let onTaken: (() => void) | undefined;
      const parts = encodeData(channel, bytes, seat);
      for (const [index, part] of parts.entries()) {
        // Called with an error when the peer is gone, which `onClose` tells.
        socket.write(part, index === parts.length - 1 ? () => onTaken?.() : undefined);
      }
      if (socket.writableLength === 0) return undefined;
      return new Promise((resolve) => {
        onTaken = resolve;
      });
    },
    end: () =>
      new Promise((resolve) => {
        if (socket.destroyed) resolve();
        else socket.once('close', resolve).end();
      }),
    destroy: () => socket.destroy(),
  });
  return { ...seatWire<Sent>(0), seat: seatWire };
}
