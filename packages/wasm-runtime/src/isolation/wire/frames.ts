import { RuntimeError } from '../../errors.ts';

/**
 * The wire between daemon and guest host: frames of a 4-byte little-endian length, the 4-byte number of a seat, a
 * type byte and a body. Type 0 is a control message (JSON, at most 1 MiB); the others are raw bytes of one channel.
 * Seats are the guests of a guest host that has many; everything is of seat 0 where there is one.
 */
export const channels = ['module', 'stdin', 'stdout', 'stderr'] as const;
export type Channel = (typeof channels)[number];

export type Frame =
  | { readonly kind: 'control'; readonly seat: number; readonly json: unknown }
  | { readonly kind: 'data'; readonly seat: number; readonly channel: Channel; readonly bytes: Uint8Array };

export const maxControlBytes = 1024 * 1024;
export const maxDataBytes = 256 * 1024;
const headerBytes = 9;

/** Throws {@link RuntimeError} `INVALID_SPEC` when it is too large, and a `TypeError` when it is no JSON. */
export function controlText(message: unknown): string {
  const text = JSON.stringify(message);
  const bytes = Buffer.byteLength(text);
  if (bytes > maxControlBytes) {
    throw new RuntimeError(
      'INVALID_SPEC',
      `the guest's arguments, variables and configuration are ${bytes} bytes; at most ${maxControlBytes} fit`,
    );
  }
  return text;
}

/** Throws as {@link controlText} does. */
export function encodeControl(message: unknown, seat = 0): Uint8Array {
  const body = Buffer.from(controlText(message));
  return Buffer.concat([header(body.length, seat, 0), body]);
}

/** Bytes up to this number are copied behind their header, so that the caller may change them at once. */
export const copiedBytes = 64 * 1024;

/** Frames of `bytes` in order; what is more than {@link copiedBytes} is not copied. */
export function encodeData(channel: Channel, bytes: Uint8Array, seat = 0): readonly Uint8Array[] {
  const type = channels.indexOf(channel) + 1;
  if (bytes.length <= copiedBytes) return [Buffer.concat([header(bytes.length, seat, type), bytes])];
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += maxDataBytes) {
    const part = bytes.subarray(at, at + maxDataBytes);
    parts.push(header(part.length, seat, type), part);
  }
  return parts;
}

function header(length: number, seat: number, type: number): Buffer {
  const bytes = Buffer.allocUnsafe(headerBytes);
  bytes.writeUInt32LE(length, 0);
  bytes.writeUInt32LE(seat, 4);
  bytes.writeUInt8(type, 8);
  return bytes;
}

/** Cuts a byte stream into frames. Throws for anything that is not one; then the peer is not ours. */
export interface FrameDecoder {
  /** Calls back for each frame that the chunk completes, also for those before a fault. */
  push(chunk: Uint8Array, onFrame: (frame: Frame) => void): void;
}

export function createFrameDecoder(): FrameDecoder {
  const head = Buffer.alloc(headerBytes);
  let headLength = 0;
  let body: Buffer | undefined;
  let bodyLength = 0;

  const begin = (): void => {
    const length = head.readUInt32LE(0);
    const type = head.readUInt8(8);
    if (type > channels.length) throw new TypeError(`a frame of unknown type ${type}`);
    const limit = type === 0 ? maxControlBytes : maxDataBytes;
    if (length > limit) throw new TypeError(`a frame of ${length} bytes; at most ${limit} are allowed`);
    body = Buffer.allocUnsafe(length);
    bodyLength = 0;
  };
  const finish = (bytes: Buffer): Frame => {
    const type = head.readUInt8(8);
    const seat = head.readUInt32LE(4);
    headLength = 0;
    body = undefined;
    if (type === 0) return { kind: 'control', seat, json: JSON.parse(bytes.toString('utf8')) as unknown };
    return { kind: 'data', seat, channel: channels[type - 1] as Channel, bytes };
  };

  return {
    push(chunk, onFrame) {
      let at = 0;
      for (;;) {
        if (body === undefined) {
          const part = chunk.subarray(at, at + headerBytes - headLength);
          head.set(part, headLength);
          headLength += part.length;
          at += part.length;
          if (headLength < headerBytes) return;
          begin();
        }
        if (body === undefined) return;
        const part = chunk.subarray(at, at + body.length - bodyLength);
        body.set(part, bodyLength);
        bodyLength += part.length;
        at += part.length;
        if (bodyLength < body.length) return;
        onFrame(finish(body));
      }
    },
  };
}
