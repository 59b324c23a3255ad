import { describe, expect, test } from 'vitest';
import { parseCriLine, timestampMs } from '../../../src/logs/cri-line.ts';

const parse = (text: string) => {
  const line = parseCriLine(Buffer.from(text));
  return line && { ...line, timestamp: line.timestamp.toString(), content: line.content.toString() };
};

describe('a CRI line', () => {
  test('has a time, a stream, a tag and content with all its spaces', () => {
    expect(parse('2026-11-24T08:52:57.123456789Z stdout F  two  words ')).toEqual({
      timestamp: '2026-11-24T08:52:57.123456789Z',
      stream: 'stdout',
      partial: false,
      content: ' two  words ',
    });
  });

  test.each([
    ['a partial line of stderr', 'T stderr P x', { stream: 'stderr', partial: true, content: 'x' }],
    ['an empty line', 'T stdout F ', { stream: 'stdout', partial: false, content: '' }],
    ['an empty line without the last space', 'T stdout F', { partial: false, content: '' }],
    ['further tags after a colon', 'T stdout P:x:y z', { partial: true, content: 'z' }],
  ])('may be %s', (_title, text, expected) => {
    expect(parse(text)).toMatchObject(expected);
  });

  test.each([
    ['nothing', ''],
    ['a time alone', '2026-11-24T08:52:57Z'],
    ['another stream', 'T stdin F x'],
    ['another tag', 'T stdout X y'],
    ['no tag', 'T stdout '],
    ['a docker JSON line', '{"log":"x\\n","stream":"stdout"}'],
    ['a space first', ' T stdout F x'],
  ])('is not %s', (_title, text) => {
    expect(parse(text)).toBeUndefined();
  });

  test('keeps bytes that are no UTF-8', () => {
    const line = Buffer.concat([Buffer.from('T stdout F '), Buffer.from([0xff, 0x00, 0xfe])]);
    expect(parseCriLine(line)?.content).toEqual(Buffer.from([0xff, 0x00, 0xfe]));
  });

  test('tells its time to the millisecond, whatever the zone and the number of digits', () => {
    expect(timestampMs(Buffer.from('2026-11-24T08:52:57.123999999Z'))).toBe(
      Date.UTC(2026, 10, 24, 8, 52, 57, 123),
    );
    expect(timestampMs(Buffer.from('2026-11-24T10:52:57+02:00'))).toBe(Date.UTC(2026, 10, 24, 8, 52, 57));
  });
});
