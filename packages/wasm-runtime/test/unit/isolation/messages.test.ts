import { describe, expect, test } from 'vitest';
import { parseDaemonMessage, parseHostMessage } from '../../../src/isolation/wire/messages.ts';

describe('a message of a guest host', () => {
  test.each([
    { tag: 'ready' },
    { tag: 'started' },
    { tag: 'rotate' },
    { tag: 'exceeded' },
    { tag: 'calls', total: 2 ** 40 },
    { tag: 'failed', code: 'NO_ENTRY', message: 'no _start' },
    { tag: 'credit', channel: 'stdin', bytes: 7 },
    { tag: 'report', module: 'file:///x.js', report: { any: ['thing'] }, dropped: 0 },
    { tag: 'ended', calls: 1, end: { kind: 'exited', code: 4_294_967_295 } },
    { tag: 'ended', calls: 1, end: { kind: 'exited', code: 0, results: ['-1', '1e+21', 'NaN'] } },
    {
      tag: 'ended',
      calls: 1,
      end: {
        kind: 'trapped',
        trap: 'other',
        message: 'wasm trap: x\ny',
        backtrace: [
          { name: 'main', function: 1, offset: 44 },
          { function: 2, offset: 99 },
          { function: 3, offset: 100, file: 'a.c', line: 7 },
          { function: 4, offset: 101, file: 'a.c', line: 7, column: 1 },
        ],
        memoryFull: true,
      },
    },
  ])('is taken when it is one: %j', (message) => {
    expect(parseHostMessage(message)).toEqual(message);
  });

  test.each([
    null,
    [],
    'ready',
    {},
    { tag: 'assign' },
    { tag: 'toString' },
    { tag: 'failed', code: 'CLOSED', message: '' },
    { tag: 'failed', code: 'NO_ENTRY' },
    { tag: 'credit', channel: 'stdin', bytes: -1 },
    { tag: 'credit', channel: 'fd9', bytes: 1 },
    { tag: 'credit', channel: 'stdin', bytes: 1.5 },
    { tag: 'report', module: 'x', report: 1 },
    { tag: 'calls', total: -1 },
    { tag: 'calls', total: 2 ** 60 },
    { tag: 'ended' },
    { tag: 'ended', end: { kind: 'exited', code: 0 } },
    { tag: 'ended', calls: 1, end: { kind: 'exited', code: '0' } },
    { tag: 'ended', calls: 1, end: { kind: 'exited', code: 0, results: ['\n'] } },
    { tag: 'ended', calls: 1, end: { kind: 'exited', code: 0, results: [1] } },
    { tag: 'ended', calls: 1, end: { kind: 'exited', code: 2 ** 32 } },
    { tag: 'ended', calls: 1, end: { kind: 'killed' } },
    {
      tag: 'ended',
      calls: 1,
      end: { kind: 'trapped', trap: 'nice', message: '', backtrace: [], memoryFull: false },
    },
    { tag: 'ended', calls: 1, end: { kind: 'trapped', trap: 'other', message: '', memoryFull: false } },
    {
      tag: 'ended',
      calls: 1,
      end: { kind: 'trapped', trap: 'other', message: '', backtrace: [{ function: -1, offset: 0 }] },
    },
    {
      tag: 'ended',
      calls: 1,
      end: {
        kind: 'trapped',
        trap: 'other',
        message: '',
        backtrace: [{ function: 1, offset: 0, file: 'a.c' }],
      },
    },
    {
      tag: 'ended',
      calls: 1,
      end: {
        kind: 'trapped',
        trap: 'other',
        message: '',
        backtrace: Array.from({ length: 21 }, () => ({ function: 1, offset: 0 })),
      },
    },
  ])('is refused when it is none: %j', (message) => {
    expect(() => parseHostMessage(message)).toThrow(TypeError);
  });

  test('has its texts cut, and what a terminal would obey taken out', () => {
    const message = parseHostMessage({
      tag: 'failed',
      code: 'NO_ENTRY',
      message: `\u001b[2Ja\tb\n${'x'.repeat(10_000)}`,
    });
    expect(message).toMatchObject({
      message: expect.stringMatching(/^\?\[2Ja\tb\nx{8000,8192}…$/) as unknown,
    });
  });

  test('gets no further properties through', () => {
    expect(parseHostMessage({ tag: 'ready', extra: 1 })).toEqual({ tag: 'ready' });
  });
});

describe('a message of the daemon', () => {
  test('is refused when its tag is unknown', () => {
    expect(parseDaemonMessage({ tag: 'stdin-end' })).toEqual({ tag: 'stdin-end' });
    for (const message of [null, {}, { tag: 'ready' }, { tag: 'credit', channel: 'x', bytes: 1 }]) {
      expect(() => parseDaemonMessage(message)).toThrow(TypeError);
    }
  });
});
