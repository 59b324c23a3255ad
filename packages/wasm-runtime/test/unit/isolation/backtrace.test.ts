import { describe, expect, test } from 'vitest';
import { backtraceOf, showBacktrace } from '../../../src/isolation/guest-host/backtrace.ts';
import { demangleRust } from '../../../src/isolation/guest-host/demangle-rust.ts';

const trapped = (...lines: readonly string[]): Error => {
  const error = new Error('unreachable');
  error.stack = ['RuntimeError: unreachable', ...lines].join('\n');
  return error;
};

describe('a backtrace', () => {
  test("has the guest's functions alone, by name where there is one", () => {
    const frames = backtraceOf(
      trapped(
        '    at abort (wasm://wasm/hello.wasm-0a1b2c3d:wasm-function[12]:0x1f4)',
        '    at _ZN3std7process5abort17h0123456789abcdefE (wasm://wasm/hello.wasm-0a1b2c3d:wasm-function[9]:0x10)',
        '    at wasm://wasm/0a1b2c3d:wasm-function[3]:0xff',
        '    at run (file:///x/run-guest.ts:3:4)',
      ),
    );
    expect(frames).toEqual([
      { name: 'abort', function: 12, offset: 0x1f4 },
      { name: 'std::process::abort', function: 9, offset: 0x10 },
      { function: 3, offset: 0xff },
    ]);
    expect(showBacktrace(frames)).toBe(
      '\nwasm backtrace:\n  0: 0x1f4 - <module>!abort\n  1: 0x10 - <module>!std::process::abort\n  2: 0xff - <module>!wasm-function[3]',
    );
  });

  test('shows twenty of them at most', () => {
    const lines = Array.from({ length: 50 }, () => '    at wasm://wasm/0a1b2c3d:wasm-function[3]:0xff');
    expect(backtraceOf(trapped(...lines))).toHaveLength(20);
  });

  test.each([undefined, 'text', new Error('no frames')])('is empty for what has none', (error) => {
    expect(showBacktrace(backtraceOf(error))).toBe('');
  });
});

describe('a name of Rust', () => {
  test.each([
    ['_ZN4core9panicking5panic17h7f8a9b0c1d2e3f40E', 'core::panicking::panic'],
    [
      '_ZN50_$LT$T$u20$as$u20$core..convert..Into$LT$U$GT$$GT$4into17h0123456789abcdefE',
      '<T as core::convert::Into<U>>::into',
    ],
    ['web.wasm._ZN3foo3bar17h0123456789abcdefE', 'web.wasm.foo::bar'],
    ['_ZN3fooE', '_ZN3fooE'],
    ['_ZN99999foo', '_ZN99999foo'],
    ['_ZN3fo', '_ZN3fo'],
    ['_ZN', '_ZN'],
    ['main', 'main'],
  ])('%s', (mangled, name) => {
    expect(demangleRust(mangled)).toBe(name);
  });
});
