import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { afterAll, describe, expect, test } from 'vitest';
import { createRuntime, type GuestSpec } from '../../src/index.ts';
import { assemble, guests } from '../fixtures/guests.ts';
import { specOf } from '../fixtures/start-guest.ts';

const runtime = createRuntime();
afterAll(() => runtime[Symbol.asyncDispose]());

const start = async (guest: string | Uint8Array, extra: Partial<GuestSpec> = {}) =>
  runtime.start(await specOf(guest, { name: 'web', ...extra }));
const failure = (code: string, ...words: readonly string[]) => ({
  name: 'RuntimeError',
  code,
  message: expect.stringMatching(new RegExp(words.join('.*'))) as unknown,
});

describe('a start rejects, naming the guest and the cause', () => {
  test('for bytes that are no WebAssembly', async () => {
    await expect(start(Buffer.from('#!/bin/sh\n'))).rejects.toMatchObject(failure('NOT_WASM', 'web'));
    await expect(start(new Uint8Array())).rejects.toMatchObject(failure('NOT_WASM', 'web'));
  });

  test('for a component that is no command, with what it exports', async () => {
    await expect(start(Buffer.from('0061736d0d000100', 'hex'))).rejects.toMatchObject(
      failure('NO_ENTRY', 'web', 'wasi:cli/run', 'nothing'),
    );
    const library = await parse('(component (component $c) (instance $i) (export "a:b/c" (instance $i)))');
    await expect(start(library)).rejects.toMatchObject(failure('NO_ENTRY', 'exports a:b/c'));
  });

  test('for a component whose entry is of WASI 0.3 alone, with that entry', async () => {
    const later = await exporting('wasi:http/handler@0.3.0', 'a:b/c');
    await expect(start(later)).rejects.toMatchObject(
      failure('UNSUPPORTED_WASI', 'web', 'WASI 0\\.3', 'wasi:http/handler@0\\.3\\.0'),
    );
    const both = await exporting('wasi:cli/run@0.3.0', 'wasi:http/incoming-handler@0.2.0');
    await expect(start(both)).rejects.toMatchObject(failure('NO_ENTRY', 'web'));
  });

  test('for a truncated module', async () => {
    const bytes = await assemble(guests.hello);
    for (const length of [8 + 1, bytes.length >> 1, bytes.length - 3]) {
      const outcome = await start(bytes.subarray(0, length)).catch((error: unknown) => error);
      expect(outcome).toMatchObject({ name: 'RuntimeError', code: 'INVALID_MODULE' });
    }
  });

  test('for a module that V8 refuses', async () => {
    const bytes = Uint8Array.from(await assemble(guests.exitCode(1)));
    bytes[bytes.lastIndexOf(0x0b)] = 0xff; // the last `end`
    await expect(start(bytes)).rejects.toMatchObject({ name: 'RuntimeError', code: 'INVALID_MODULE' });
  });

  test('for imports that nobody provides, all of them', async () => {
    await expect(start(guests.unknownImports)).rejects.toMatchObject(
      failure('UNKNOWN_IMPORT', 'web', 'env\\.foo, env\\.bar \\(global\\)'),
    );
  });

  test('for a module without the entry function', async () => {
    await expect(start(guests.library)).rejects.toMatchObject(failure('NO_ENTRY', '_start', 'memory, add'));
    await expect(start(guests.hello, { entry: 'serve' })).rejects.toMatchObject(failure('NO_ENTRY', 'serve'));
  });

  test('for arguments that do not fit', async () => {
    await expect(start(guests.hello, { args: ['x'.repeat(1024 * 1024)] })).rejects.toMatchObject(
      failure('INVALID_SPEC', '1048576'),
    );
  });

  test.each([
    [{ limits: { memoryBytes: -1 } }, 'memoryBytes'],
    [{ limits: { timeoutMs: Number.NaN } }, 'timeoutMs'],
    [{ output: { kind: 'cri-log', path: 'relative.log' } }, 'absolute'],
    [{ output: { kind: 'cri-log', path: '/x.log', maxFiles: 1 } }, 'maxFiles'],
  ] as const)('for a spec that cannot be: %j', async (extra, word) => {
    await expect(start(guests.hello, extra)).rejects.toMatchObject(failure('INVALID_SPEC', 'web', word));
  });

  test('for a log that cannot be opened', async () => {
    const output = { kind: 'cri-log', path: '/nonexistent/0.log' } as const;
    await expect(start(guests.hello, { output })).rejects.toMatchObject(
      failure('HOST_FAILED', '/nonexistent'),
    );
  });
});

/** A component with an empty instance of each name. */
async function exporting(...names: readonly string[]): Promise<Uint8Array> {
  return parse(`(component (component $c) (instance $i (instantiate $c))
    ${names.map((name) => `(export "${name}" (instance $i))`).join('\n')})`);
}
