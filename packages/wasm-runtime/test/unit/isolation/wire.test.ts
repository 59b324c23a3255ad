import { Duplex, duplexPair } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  controlText,
  createFrameDecoder,
  encodeData,
  encodeText,
  type Frame,
  maxControlBytes,
  maxDataBytes,
} from '../../../src/isolation/wire/frames.ts';
import { openWire } from '../../../src/isolation/wire/wire.ts';

const encodeControl = (message: unknown, seat?: number): Uint8Array =>
  encodeText('control', controlText(message), seat);

function decode(chunks: Iterable<Uint8Array>): readonly Frame[] {
  const decoder = createFrameDecoder();
  const frames: Frame[] = [];
  for (const chunk of chunks) decoder.push(chunk, (frame) => frames.push(frame));
  return frames;
}

describe('frames', () => {
  const message = { tag: 'ended', text: 'grüße' };
  const sent = Buffer.concat([
    encodeControl(message),
    ...encodeData('stdout', Buffer.from('hello')),
    encodeControl({}, 7),
    encodeText('seat', '{"tag":"kill"}', 8),
    ...encodeData('stdin', new Uint8Array(), 4_294_967_295),
  ]);
  const expected = [
    { kind: 'control', seat: 0, text: JSON.stringify(message) },
    { kind: 'data', seat: 0, channel: 'stdout', bytes: Buffer.from('hello') },
    { kind: 'control', seat: 7, text: '{}' },
    { kind: 'seat', seat: 8, text: '{"tag":"kill"}' },
    { kind: 'data', seat: 4_294_967_295, channel: 'stdin', bytes: Buffer.alloc(0) },
  ];

  test.each([1, 2, 3, 5, 7, 64, 1024])('come whole whatever the pieces: %i bytes at a time', (size) => {
    const pieces = Array.from({ length: Math.ceil(sent.length / size) }, (_, index) =>
      sent.subarray(index * size, (index + 1) * size),
    );
    expect(decode(pieces)).toEqual(expected);
  });

  test('split what is too long for one', () => {
    const bytes = Buffer.alloc(2 * maxDataBytes + 1, 'abc');
    const frames = decode(encodeData('module', bytes));
    expect(frames).toHaveLength(3);
    expect(
      Buffer.concat(frames.map((frame) => (frame.kind === 'data' ? frame.bytes : Buffer.alloc(0)))),
    ).toEqual(bytes);
  });

  test('that are announced too long are refused before they come', () => {
    const head = Buffer.alloc(9);
    head.writeUInt32LE(maxControlBytes + 1, 0);
    expect(() => decode([head])).toThrow('at most 1048576');
    head.writeUInt32LE(maxDataBytes + 1, 0);
    head.writeUInt8(2, 8);
    expect(() => decode([head])).toThrow('at most 262144');
  });

  test.each([6, 255])('of an unknown type are refused: %i', (type) => {
    expect(() => decode([Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, type])])).toThrow('unknown type');
  });

  test('that are none are refused, after those before them', () => {
    const decoder = createFrameDecoder();
    const frames: Frame[] = [];
    const bad = Buffer.concat([
      encodeControl({ tag: 'ready' }),
      Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 99, 0x7b]),
    ]);
    expect(() => decoder.push(bad, (frame) => frames.push(frame))).toThrow('unknown type');
    expect(frames).toEqual([{ kind: 'control', seat: 0, text: '{"tag":"ready"}' }]);
  });

  test('too large to send are an error of the spec', () => {
    expect(() => encodeControl({ args: 'x'.repeat(maxControlBytes) })).toThrow(
      expect.objectContaining({ code: 'INVALID_SPEC' }),
    );
  });
});

function ends() {
  const [here, there] = duplexPair();
  const frames: Frame[] = [];
  const closes: (Error | undefined)[] = [];
  const wire = openWire(here, {
    onFrame: (frame) => frames.push(frame),
    onClose: (error) => closes.push(error),
  });
  return { wire, there, frames, closes };
}

describe('a wire', () => {
  test('hands over what the peer sends and tells once that it is gone', async () => {
    const { there, frames, closes } = ends();
    there.write(encodeControl({ tag: 'ready' }));
    there.destroy();
    await turn();
    expect(frames).toHaveLength(1);
    there.destroy();
    await turn();
    expect(closes.length).toBeLessThanOrEqual(1);
  });

  test('disconnects a peer that sends anything else', async () => {
    const { there, closes } = ends();
    there.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await turn();
    await turn();
    expect(closes).toEqual([expect.any(TypeError)]);
  });

  test('takes what a peer still sends until that has closed too, and has ended then', async () => {
    const { wire, there, frames } = ends();
    let ended = false;
    const end = wire.end().then(() => {
      ended = true;
    });
    there.write(encodeControl({ tag: 'credit' }));
    await turn();
    expect({ frames: frames.length, ended }).toEqual({ frames: 1, ended: false });
    there.resume().end();
    await end;
  });

  test('says when bytes have not been taken yet, and settles when they have', async () => {
    const takes: (() => void)[] = [];
    const slow = new Duplex({
      read() {},
      write(_chunk, _encoding, done) {
        takes.push(done);
      },
    });
    const wire = openWire(slow, { onFrame() {}, onClose() {} });
    let taken = false;
    const sent = wire.sendData('stdout', Buffer.from('x'))?.then(() => {
      taken = true;
    });
    await turn();
    expect(taken).toBe(false);
    takes[0]?.();
    await sent;
    expect(taken).toBe(true);
    slow.destroy();
  });
});
