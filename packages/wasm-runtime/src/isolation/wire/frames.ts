import { RuntimeError } from '../../errors.ts';

/**
 * The wire between daemon and guest host: frames of a 4-byte little-endian length, the 4-byte number of a seat, a
 * type byte and a body. Type 0 is a control message to or from a guest, type 1 one about its seat (both JSON, at most
 * 1 MiB); the others are raw bytes of one channel. Seats are the guests of a guest host that has many; everything is of
 * seat 0 where there is one.
 */
export const channels = ['module', 'stdin', 'stdout', 'stderr'] as const;
export type Channel = (typeof channels)[number];

const textKinds = ['control', 'seat'] as const;
export type TextKind = (typeof textKinds)[number];

export type Frame =
  /** JSON, which has not been looked at. */
  | { readonly kind: 'control'; readonly seat: number; readonly text: string }
  | { readonly kind: 'seat'; readonly seat: number; readonly text: string }
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

/** A frame of {@link controlText}. */
export function encodeText(kind: TextKind, text: string, seat = 0): Uint8Array {
  const bytes = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(headerBytes + bytes);
  writeHeader(frame, bytes, seat, textKinds.indexOf(kind));
  frame.write(text, headerBytes);
  return frame;
}

/** Bytes up to this number are copied behind their header, so that the caller may change them at once. */
export const copiedBytes = 64 * 1024;

/** Frames of `bytes` in order; what is more than {@link copiedBytes} is not copied. */
export function encodeData(channel: Channel, bytes: Uint8Array, seat = 0): readonly Uint8Array[] {
  const type = textKinds.length + channels.indexOf(channel);
  if (bytes.length <= copiedBytes) {
    const frame = Buffer.allocUnsafe(headerBytes + bytes.length);
    writeHeader(frame, bytes.length, seat, type);
    frame.set(bytes, headerBytes);
    return [frame];
  }
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += maxDataBytes) {
    const part = bytes.subarray(at, at + maxDataBytes);
    const header = Buffer.allocUnsafe(headerBytes);
    writeHeader(header, part.length, seat, type);
    parts.push(header, part);
  }
  return parts;
}

function writeHeader(into: Buffer, length: number, seat: number, type: number): void {
  into.writeUInt32LE(length, 0);
  into.writeUInt32LE(seat, 4);
  into.writeUInt8(type, 8);
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
    const kinds = textKinds.length + channels.length;
    if (type >= kinds) throw new TypeError(`a frame of unknown type ${type}`);
    const limit = type < textKinds.length ? maxControlBytes : maxDataBytes;
    if (length > limit) throw new TypeError(`a frame of ${length} bytes; at most ${limit} are allowed`);
    body = Buffer.allocUnsafe(length);
    bodyLength = 0;
  };
  const finish = (bytes: Buffer): Frame => {
    const type = head.readUInt8(8);
    const seat = head.readUInt32LE(4);
    headLength = 0;
    body = undefined;
    const kind = textKinds[type];
    if (kind !== undefined) return { kind, seat, text: bytes.toString('utf8') };
    return { kind: 'data', seat, channel: channels[type - textKinds.length] as Channel, bytes };
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
