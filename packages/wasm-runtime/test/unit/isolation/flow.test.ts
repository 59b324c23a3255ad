import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createStdinSource } from '../../../src/isolation/guest-host/stdin-source.ts';
import { createOutputReader } from '../../../src/isolation/output-reader.ts';
import { createStdinWriter } from '../../../src/isolation/stdin-writer.ts';
import { creditStep, windowBytes } from '../../../src/isolation/wire/flow.ts';
import type { DaemonMessage } from '../../../src/isolation/wire/messages.ts';
import type { Wire } from '../../../src/isolation/wire/wire.ts';
import { createStreamOutput } from '../../../src/output/stream-output.ts';

/** A wire that keeps what it is given. */
function recordingWire() {
  const sent: Buffer[] = [];
  const messages: unknown[] = [];
  const wire: Wire<DaemonMessage> = {
    send: (message) => void messages.push(message),
    sendData(_channel, bytes) {
      sent.push(Buffer.from(bytes));
      return undefined;
    },
    end: () => Promise.resolve(),
    destroy() {},
  };
  return { wire, messages, sentBytes: () => sent.reduce((sum, { length }) => sum + length, 0) };
}

describe('output', () => {
  test('is held back when a window of it is under way, and goes on with credit', async () => {
    const { wire, sentBytes } = recordingWire();
    const output = createStreamOutput('stdout', wire);
    let written = false;
    const write = Promise.resolve(output.write(Buffer.alloc(windowBytes + 10))).then(() => {
      written = true;
    });
    await turn();
    expect({ written, bytes: sentBytes() }).toEqual({ written: false, bytes: windowBytes });
    output.credit(creditStep);
    await write;
    expect(sentBytes()).toBe(windowBytes + 10);
  });

  test('gets credit when it is read, not when it arrives', () => {
    const credits: number[] = [];
    const reader = createOutputReader((bytes) => credits.push(bytes));
    for (let sent = 0; sent < windowBytes; sent += creditStep) reader.push(Buffer.alloc(creditStep));
    const before = credits.length;
    while (reader.readable.read() !== null);
    expect(before).toBeLessThan(windowBytes / creditStep);
    expect(credits.reduce((sum, bytes) => sum + bytes, 0)).toBe(windowBytes);
  });

  test('beyond its credit is refused', () => {
    const reader = createOutputReader(() => {});
    reader.push(Buffer.alloc(windowBytes));
    expect(() => reader.push(Buffer.alloc(creditStep + 1))).toThrow('more output than was asked for');
  });

  test('that is not wanted any more is credited', async () => {
    const credits: number[] = [];
    const reader = createOutputReader((bytes) => credits.push(bytes));
    reader.push(Buffer.alloc(windowBytes));
    reader.readable.destroy();
    await turn();
    expect(credits).toEqual([windowBytes]);
    reader.push(Buffer.alloc(windowBytes));
    expect(credits.reduce((sum, bytes) => sum + bytes, 0)).toBe(2 * windowBytes);
  });
});

describe('input', () => {
  test('stops at a window until the guest has read', async () => {
    const { wire, sentBytes, messages } = recordingWire();
    const stdin = createStdinWriter(wire);
    stdin.writable.end(Buffer.alloc(windowBytes + 1));
    await turn();
    expect({ bytes: sentBytes(), messages }).toEqual({ bytes: windowBytes, messages: [] });
    stdin.credit(creditStep);
    await turn();
    expect({ bytes: sentBytes(), messages }).toEqual({
      bytes: windowBytes + 1,
      messages: [{ tag: 'stdin-end' }],
    });
  });

  test('is read in any portions, waits when there is none, and ends', async () => {
    const taken: number[] = [];
    const stdin = createStdinSource((bytes) => taken.push(bytes));
    const { source } = stdin;
    const into = new Uint8Array(3);
    expect(source.readNow(into)).toBeUndefined();
    const readable = source.readable();
    stdin.push(Buffer.from('abcd'));
    await readable;
    expect([source.readNow(into), source.readNow(into), source.readNow(into)]).toEqual([3, 1, undefined]);
    stdin.end();
    expect(source.readNow(into)).toBe(0);
    stdin.push(Buffer.alloc(creditStep));
    source.readNow(new Uint8Array(creditStep));
    expect(taken).toEqual([creditStep + 4]);
  });

  test('that is waited for no longer leaves no listener', async () => {
    const { source } = createStdinSource(() => {});
    const controller = new AbortController();
    const waiting = source.readable(controller.signal);
    controller.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
  });
});
