import { describe, expect, test } from 'vitest';
import { canonicalHost } from '../../src/index.ts';

describe('one spelling for each host', () => {
  test.each([
    ['example.com', 'example.com'],
    ['Example.COM', 'example.com'],
    ['example.com.', 'example.com'],
    ['localhost', 'localhost'],
    ['my_db.internal', 'my_db.internal'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['BÜCHER.example', 'xn--bcher-kva.example'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['ｅｘａｍｐｌｅ。ｃｏｍ', 'example.com'],
    ['①②⑦.0.0.1', '127.0.0.1'],
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.1.', '127.0.0.1'],
    ['127.1', '127.0.0.1'],
    ['0x7f.1', '127.0.0.1'],
    ['0X7F000001', '127.0.0.1'],
    ['2130706433', '127.0.0.1'],
    ['017700000001', '127.0.0.1'],
    ['0177.0.0.1', '127.0.0.1'],
    ['0', '0.0.0.0'],
    ['::1', '::1'],
    ['[::1]', '::1'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:DB8::0:1', '2001:db8::1'],
    ['::ffff:127.0.0.1', '::ffff:7f00:1'],
    ['1::7:2.3.4.5', '1::7:203:405'],
    [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
  ])('%s is %s, and that is itself', (host, expected) => {
    expect(canonicalHost(host)).toBe(expected);
    expect(canonicalHost(expected)).toBe(expected);
  });

  test.each([
    ['', 'empty'],
    ['.', 'neither a name nor'],
    ['a..b', 'neither a name nor'],
    ['.example.com', 'neither a name nor'],
    ['example.com..', 'neither a name nor'],
    ['256.0.0.1', 'neither a name nor'],
    ['1.2.3.4.5', 'neither a name nor'],
    ['example.0x7f', 'neither a name nor'],
    ['a!b.example', 'neither a name nor'],
    [`${'a'.repeat(64)}.example`, 'neither a name nor'],
    [`${'a.'.repeat(200)}example`, 'longer than'],
    ['example.com:443', 'without a scheme or a port'],
    ['[::1]:443', 'without a scheme or a port'],
    ['[example.com]', 'without a scheme or a port'],
    ['[::1', 'without a scheme or a port'],
    ['::1]', 'without a scheme or a port'],
    ['https://example.com', 'without a scheme'],
    ['example.com/x', 'without a scheme'],
    ['example.com\\x', 'without a scheme'],
    ['example.com?x', 'without a scheme'],
    ['example.com#x', 'without a scheme'],
    ['me@example.com', 'without a scheme'],
    ['*.example.com', 'wildcards'],
    ['*', 'wildcards'],
    ['fe80::1%eth0', 'zone'],
    ['ex%61mple.com', 'escape'],
    [' example.com', 'blanks'],
    ['exam\tple.com', 'blanks'],
    ['example.com\n', 'blanks'],
    ['example.com\0', 'blanks'],
  ])('%j is refused: %s', (host, problem) => {
    expect(() => canonicalHost(host)).toThrow(
      expect.objectContaining({
        name: 'EgressError',
        code: 'INVALID_HOST',
        message: expect.stringContaining(problem),
      }),
    );
  });

  test('a refusal shows the start of an endless text alone', () => {
    expect(() => canonicalHost('x'.repeat(1_000_000))).toThrow(/^.{1,200}$/);
  });
});
