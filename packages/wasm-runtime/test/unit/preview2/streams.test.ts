import { afterEach, describe, expect, test } from 'vitest';
import { createSignal } from '../../../src/system/readiness.ts';
import { type Preview2Guest, startPreview2 } from '../../fixtures/preview2-guest.ts';

let started: Preview2Guest | undefined;

afterEach(() => {
  started?.host.close();
  started = undefined;
});

async function start(...options: Parameters<typeof startPreview2>): Promise<Preview2Guest> {
  started = await startPreview2(...options);
  return started;
}

const streams = 'wasi:io/streams';
const listOf = (...handles: readonly number[]) => new Uint8Array(Uint32Array.from(handles).buffer);
const indices = (bytes: Uint8Array) => [...new Uint32Array(Uint8Array.from(bytes).buffer)];
const closed = { failed: 1, case: 1 };

function errorOf(answer: { u8(at: number): number }, payloadAt = 4) {
  return { failed: answer.u8(0), case: answer.u8(payloadAt) };
}

/** A stream of chunks that are told one by one. */
function slowInput() {
  const chunks: Buffer[] = [];
  let ended = false;
  const arrived = createSignal();
  return {
    stdin: {
      kind: 'stream' as const,
      readNow(into: Uint8Array) {
        const chunk = chunks.shift();
        if (chunk === undefined) return ended ? 0 : undefined;
        into.set(chunk);
        return chunk.length;
      },
      async readable(signal?: AbortSignal) {
        while (chunks.length === 0 && !ended) await arrived.raised(signal);
      },
    },
    tell(this: void, text: string) {
      chunks.push(Buffer.from(text));
      arrived.raise();
    },
    end(this: void) {
      ended = true;
      arrived.raise();
    },
  };
}

const timer = (guest: Preview2Guest, ns: bigint): number =>
  Number(guest.call('wasi:clocks/monotonic-clock', 'subscribe-duration', ns).value);

/** A list of handles in the guest's memory. */
function listIn(guest: Preview2Guest, ...handles: readonly number[]): [number, number] {
  const list = guest.guest.allocate(handles.length * 4, 4);
  guest.guest.bytes().set(listOf(...handles), list);
  return [list, handles.length];
}

describe('standard output', () => {
  test('takes what check-write permits, and flushes', async () => {
    const { call, stdout } = await start();
    const handle = Number(call('wasi:cli/stdout', 'get-stdout').value);
    const permit = call(streams, '[method]output-stream.check-write', handle);
    expect([permit.u8(0), permit.u64(8)]).toEqual([0, 1_048_576n]);
    expect(call(streams, '[method]output-stream.write', handle, 'one ').u8(0)).toBe(0);
    expect(call(streams, '[method]output-stream.blocking-write-and-flush', handle, 'two').u8(0)).toBe(0);
    expect(call(streams, '[method]output-stream.write-zeroes', handle, 2n).u8(0)).toBe(0);
    expect(call(streams, '[method]output-stream.blocking-flush', handle).u8(0)).toBe(0);
    expect(stdout()).toBe('one two\0\0');
  });

  test.each([
    ['write', '[method]output-stream.write', new Uint8Array(1_048_577)],
    ['write of zeroes', '[method]output-stream.write-zeroes', 1_048_577n],
    ['blocking write', '[method]output-stream.blocking-write-and-flush', new Uint8Array(4_097)],
    ['blocking write of zeroes', '[method]output-stream.blocking-write-zeroes-and-flush', 4_097n],
  ])('ends a guest by a trap for a %s of more than is permitted', async (_name, name, value) => {
    const guest = await start();
    const handle = Number(guest.call('wasi:cli/stdout', 'get-stdout').value);
    expect(() => guest.call(streams, name, handle, value)).toThrow(WebAssembly.RuntimeError);
    expect(guest.ending?.kind).toBe('failure');
    expect(guest.stdout()).toBe('');
  });

  test('permits no more than is held for one call', async () => {
    const { call } = await start({ caps: { maxCallBytes: 1_000 } });
    const handle = Number(call('wasi:cli/stdout', 'get-stdout').value);
    expect(call(streams, '[method]output-stream.check-write', handle).u64(8)).toBe(1_000n);
    expect(
      call(streams, '[method]output-stream.blocking-write-and-flush', handle, new Uint8Array(4_096)).u8(0),
    ).toBe(0);
  });

  test('that fails tells its error once, and is closed from then on', async () => {
    const stdout = {
      write() {
        throw Object.assign(new Error('no space left on /secret'), { code: 'ENOSPC' });
      },
    };
    const { call } = await start({ stdout });
    const handle = Number(call('wasi:cli/stdout', 'get-stdout').value);
    const failed = call(streams, '[method]output-stream.write', handle, 'lost');
    expect(errorOf(failed)).toEqual({ failed: 1, case: 0 });
    const error = failed.u32(8);
    expect(call('wasi:io/error', '[method]error.to-debug-string', error).text(0)).toBe('ENOSPC');
    const code = call('wasi:filesystem/types', 'filesystem-error-code', error);
    expect([code.u8(0), code.u8(1)]).toEqual([1, 23]);
    expect(errorOf(call(streams, '[method]output-stream.write', handle, 'lost'))).toEqual(closed);
    expect(errorOf(call(streams, '[method]output-stream.check-write', handle), 8)).toEqual(closed);
  });

  test('that makes one wait permits nothing until it has taken what was written', async () => {
    const taken = Promise.withResolvers<void>();
    const guest = await start({ waiting: 'suspend', stdout: { write: () => taken.promise } });
    const handle = Number(guest.call('wasi:cli/stdout', 'get-stdout').value);
    guest.call(streams, '[method]output-stream.write', handle, 'one');
    expect((await guest.wait(streams, '[method]output-stream.check-write', handle)).u64(8)).toBe(0n);
    const waiting = guest.wait(streams, '[method]output-stream.blocking-flush', handle);
    taken.resolve();
    expect((await waiting).u8(0)).toBe(0);
    expect(guest.call(streams, '[method]output-stream.check-write', handle).u64(8)).toBe(1_048_576n);
  });
});

describe('standard input', () => {
  test('that is empty is closed', async () => {
    const { call } = await start();
    const handle = Number(call('wasi:cli/stdin', 'get-stdin').value);
    for (const name of ['read', 'blocking-read']) {
      expect(errorOf(call(streams, `[method]input-stream.${name}`, handle, 10n))).toEqual(closed);
    }
    expect(errorOf(call(streams, '[method]input-stream.skip', handle, 10n), 8)).toEqual(closed);
  });

  test('is read as far as it is there, and waited for', async () => {
    const { stdin, tell, end } = slowInput();
    const { call, wait } = await start({ stdin, waiting: 'suspend' });
    const handle = Number(call('wasi:cli/stdin', 'get-stdin').value);
    const nothing = await wait(streams, '[method]input-stream.read', handle, 10n);
    expect([nothing.u8(0), nothing.u32(8)]).toEqual([0, 0]);
    const later = wait(streams, '[method]input-stream.blocking-read', handle, 10n);
    tell('Hello');
    expect((await later).text(4)).toBe('Hello');
    tell('skipped');
    expect(call(streams, '[method]input-stream.skip', handle, 100n).u64(8)).toBe(7n);
    end();
    expect(errorOf(call(streams, '[method]input-stream.read', handle, 10n))).toEqual(closed);
  });

  test('goes to standard output by splicing', async () => {
    const { stdin, tell } = slowInput();
    const { call, wait, stdout } = await start({ stdin, waiting: 'suspend' });
    const from = Number(call('wasi:cli/stdin', 'get-stdin').value);
    const to = Number(call('wasi:cli/stdout', 'get-stdout').value);
    expect((await wait(streams, '[method]output-stream.splice', to, from, 100n)).u64(8)).toBe(0n);
    const moved = wait(streams, '[method]output-stream.blocking-splice', to, from, 100n);
    tell('Hello');
    expect((await moved).u64(8)).toBe(5n);
    expect(stdout()).toBe('Hello');
  });
});

describe('poll', () => {
  test('sleeps the thread until the first time is due', async () => {
    const guest = await start();
    const before = performance.now();
    const told = guest.call(
      'wasi:io/poll',
      'poll',
      ...listIn(guest, timer(guest, 10n ** 15n), timer(guest, 20_000_000n)),
    );
    const list = guest.guest.span(told.u32(0), told.u32(4) * 4);
    expect(indices(list)).toEqual([1]);
    expect(performance.now() - before).toBeGreaterThanOrEqual(19);
  });

  test('tells all that are ready, in their order', async () => {
    const guest = await start();
    const stdout = Number(guest.call('wasi:cli/stdout', 'get-stdout').value);
    const writable = Number(guest.call(streams, '[method]output-stream.subscribe', stdout).value);
    const told = guest.call(
      'wasi:io/poll',
      'poll',
      ...listIn(guest, writable, timer(guest, 10n ** 15n), timer(guest, 0n)),
    );
    expect(indices(guest.guest.span(told.u32(0), told.u32(4) * 4))).toEqual([0, 2]);
  });

  test('is woken by input that arrives', async () => {
    const { stdin, tell } = slowInput();
    const guest = await start({ stdin, waiting: 'suspend' });
    const input = Number(guest.call('wasi:cli/stdin', 'get-stdin').value);
    const readable = Number(guest.call(streams, '[method]input-stream.subscribe', input).value);
    expect((await guest.wait('wasi:io/poll', '[method]pollable.ready', readable)).value).toBe(0);
    const told = guest.wait('wasi:io/poll', 'poll', ...listIn(guest, timer(guest, 10n ** 18n), readable));
    tell('x');
    const answer = await told;
    expect(indices(guest.guest.span(answer.u32(0), answer.u32(4) * 4))).toEqual([1]);
    await guest.wait('wasi:io/poll', '[method]pollable.block', readable);
  });

  test('of nothing, and of forged handles, ends the guest by a trap', async () => {
    const guest = await start();
    expect(() => guest.call('wasi:io/poll', 'poll', 0, 0)).toThrow(WebAssembly.RuntimeError);
    expect(() => guest.call('wasi:io/poll', 'poll', ...listIn(guest, 77))).toThrow(WebAssembly.RuntimeError);
    const stdout = Number(guest.call('wasi:cli/stdout', 'get-stdout').value);
    expect(() => guest.call('wasi:io/poll', '[method]pollable.block', stdout)).toThrow(
      WebAssembly.RuntimeError,
    );
  });

  test('ends with the guest', async () => {
    const { stdin } = slowInput();
    const guest = await start({ stdin, waiting: 'suspend' });
    const input = Number(guest.call('wasi:cli/stdin', 'get-stdin').value);
    const waiting = guest.wait(streams, '[method]input-stream.blocking-read', input, 1n);
    guest.host.close();
    await expect(waiting).rejects.toThrow('aborted');
  });
});
