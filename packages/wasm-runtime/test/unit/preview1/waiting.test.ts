import { afterEach, describe, expect, test } from 'vitest';
import { errno } from '../../../src/preview1/errno.ts';
import type { InputSource, OutputSink } from '../../../src/preview1/preview1.ts';
import { bytesAt, type CalledHost, callHost, resultAt, vectorsAt } from '../../conformance/called-host.ts';

let guest: CalledHost | undefined;

afterEach(() => guest?.host.close());

function open(options: Parameters<typeof callHost>[0]): CalledHost {
  guest = callHost({ waiting: 'suspend', ...options });
  return guest;
}

describe('a streamed stdin', () => {
  test('is read at once when bytes are there, in pieces as the guest asks', () => {
    const input = createTestInput();
    input.push('hello');
    const called = open({ stdin: input.source });
    expect(readNow(called, 3)).toBe('hel');
    expect(readNow(called, 3)).toBe('lo');
    input.end();
    expect(readNow(called, 3)).toBe('');
    expect(readNow(called, 3)).toBe('');
  });

  test('suspends a read until bytes arrive, also when the memory grows meanwhile', async () => {
    const input = createTestInput();
    const called = open({ stdin: input.source });
    const answer = read(called, 10);
    called.memory.grow(1);
    input.push('late');
    expect(await answer).toBe(errno.success);
    expect(text(called)).toBe('late');
  });

  test('suspends a read until its end', async () => {
    const input = createTestInput();
    const called = open({ stdin: input.source });
    const answer = read(called, 10);
    input.end();
    expect(await answer).toBe(errno.success);
    expect(text(called)).toBe('');
  });

  test('answers EAGAIN to a non-blocking read, after a turn in which bytes can arrive', async () => {
    const input = createTestInput();
    const called = open({ stdin: input.source });
    expect(called.call('fd_fdstat_set_flags', 0, 4)).toBe(errno.success);
    expect(await read(called, 10)).toBe(errno.again);
    setImmediate(() => input.push('in time'));
    expect(await read(called, 10)).toBe(errno.success);
    expect(text(called)).toBe('in time');
  });

  test('is polled: ready with its bytes, which stay to be read', async () => {
    const input = createTestInput();
    const called = open({ stdin: input.source });
    const answer = poll(called, [{ input: true }, { afterMs: 60_000 }]);
    input.push('bytes');
    expect(await answer).toEqual([{ userdata: 0n, error: 0, bytes: 5n, hangup: 0 }]);
    expect(await poll(called, [{ input: true }])).toEqual([{ userdata: 0n, error: 0, bytes: 5n, hangup: 0 }]);
    expect(readNow(called, 2)).toBe('by');
    expect(readNow(called, 10)).toBe('tes');
    input.end();
    expect(await poll(called, [{ input: true }])).toEqual([{ userdata: 0n, error: 0, bytes: 0n, hangup: 1 }]);
  });

  test('is polled: time can run out first, and waiting for the input is then given up', async () => {
    const input = createTestInput();
    const called = open({ stdin: input.source });
    const events = await poll(called, [{ input: true }, { afterMs: 5 }]);
    expect(events.map(({ userdata }) => userdata)).toEqual([1n]);
    expect(input.waiting()).toBe(0);
  });

  test('is seen by a guest that polls in a loop without waiting', async () => {
    const input = createTestInput();
    const called = open({ stdin: input.source });
    setTimeout(() => input.push('x'), 5);
    let rounds = 0;
    for (;;) {
      rounds += 1;
      const events = await poll(called, [{ input: true }, { afterMs: 0 }]);
      if (events.some(({ userdata }) => userdata === 0n)) break;
    }
    expect(rounds).toBeGreaterThan(1);
    expect(readNow(called, 5)).toBe('x');
  });
});

test('the end of the guest ends its waits', async () => {
  const input = createTestInput();
  const called = open({ stdin: input.source });
  const reading = read(called, 10);
  const polling = poll(called, [{ afterMs: 60_000 }]);
  called.host.close();
  await expect(reading).rejects.toThrow('abort');
  await expect(polling).rejects.toThrow('abort');
  expect(input.waiting()).toBe(0);
});

test('sleeping suspends in suspend and blocks in sync, as long as asked for', async () => {
  for (const waiting of ['suspend', 'sync'] as const) {
    const called = callHost({ waiting });
    const start = performance.now();
    const events = await poll(called, [{ afterMs: 30 }, { afterMs: 60_000 }]);
    expect(performance.now() - start).toBeGreaterThanOrEqual(29);
    expect(events.map(({ userdata }) => userdata)).toEqual([0n]);
    called.host.close();
  }
});

test('a sleep in sync takes no processor time', () => {
  const called = callHost({ waiting: 'sync' });
  const before = process.threadCpuUsage();
  layClock(called, 200);
  expect(called.call('poll_oneoff', bytesAt, 8_192, 1, resultAt)).toBe(errno.success);
  const { user, system } = process.threadCpuUsage(before);
  expect((user + system) / 1_000).toBeLessThan(50);
  called.host.close();
});

describe('an output that makes the guest wait', () => {
  test('suspends the write and then tells what was written', async () => {
    const written: string[] = [];
    const gate = Promise.withResolvers<void>();
    const stdout: OutputSink = {
      write: (chunk) => {
        written.push(Buffer.from(chunk).toString());
        return gate.promise;
      },
    };
    const called = open({ stdout });
    layText(called, 'slow');
    const answer = called.wait('fd_write', 1, vectorsAt, 1, resultAt);
    gate.resolve();
    expect(await answer).toBe(errno.success);
    expect(called.view.getUint32(resultAt, true)).toBe(4);
    expect(written).toEqual(['slow']);
  });

  test('writes vectors too large to gather one after the other', async () => {
    const order: string[] = [];
    const stdout: OutputSink = {
      write: async (chunk) => {
        order.push(`start ${chunk.length}`);
        await Promise.resolve();
        order.push('end');
      },
    };
    const called = open({ stdout });
    [0, 65_536, 0, 1].forEach((value, index) => called.view.setUint32(vectorsAt + 4 * index, value, true));
    expect(await called.wait('fd_write', 1, vectorsAt, 2, resultAt)).toBe(errno.success);
    expect(called.view.getUint32(resultAt, true)).toBe(65_537);
    expect(order).toEqual(['start 65536', 'end', 'start 1', 'end']);
  });

  test('fails as errno', async () => {
    const gone = Object.assign(new Error('gone'), { code: 'EPIPE' });
    const called = open({ stdout: { write: () => Promise.reject(gone) } });
    layText(called, 'lost');
    expect(await called.wait('fd_write', 1, vectorsAt, 1, resultAt)).toBe(errno.pipe);
  });

  test('is a defect of the host in sync', () => {
    const called = callHost({ waiting: 'sync', stdout: { write: () => Promise.resolve() } });
    expect(() => called.writeText(1, 'x')).toThrow(expect.objectContaining({ code: 'INVALID_SPEC' }));
    called.host.close();
  });
});

test('only a suspending host names functions that may wait', () => {
  expect([...open({}).host.waits].toSorted()).toEqual([
    'fd_read',
    'fd_write',
    'poll_oneoff',
    'sock_accept',
    'sock_recv',
    'sock_send',
  ]);
  const sync = callHost({ waiting: 'sync' });
  expect([...sync.host.waits]).toEqual([]);
  sync.host.close();
});

function read(called: CalledHost, length: number): Promise<number> {
  called.view.setUint32(vectorsAt, bytesAt, true);
  called.view.setUint32(vectorsAt + 4, length, true);
  return called.wait('fd_read', 0, vectorsAt, 1, resultAt);
}

function readNow(called: CalledHost, length: number): string {
  called.view.setUint32(vectorsAt, bytesAt, true);
  called.view.setUint32(vectorsAt + 4, length, true);
  expect(called.call('fd_read', 0, vectorsAt, 1, resultAt)).toBe(errno.success);
  return text(called);
}

function text(called: CalledHost): string {
  return Buffer.from(called.memory.buffer, bytesAt, called.view.getUint32(resultAt, true)).toString();
}

function layText(called: CalledHost, content: string): void {
  const length = Buffer.from(called.memory.buffer).write(content, bytesAt);
  called.view.setUint32(vectorsAt, bytesAt, true);
  called.view.setUint32(vectorsAt + 4, length, true);
}

function layClock(called: CalledHost, milliseconds: number, index = 0): void {
  const at = bytesAt + 48 * index;
  new Uint8Array(called.memory.buffer).fill(0, at, at + 48);
  called.view.setBigUint64(at, BigInt(index), true);
  called.view.setUint32(at + 16, 1, true);
  called.view.setBigUint64(at + 24, BigInt(milliseconds) * 1_000_000n, true);
}

type Polled = { readonly input: true } | { readonly afterMs: number };

async function poll(called: CalledHost, subscriptions: readonly Polled[]) {
  for (const [index, subscription] of subscriptions.entries()) {
    layClock(called, 'afterMs' in subscription ? subscription.afterMs : 0, index);
    if ('input' in subscription) called.view.setUint32(bytesAt + 48 * index + 16, 0, true);
    called.view.setUint8(bytesAt + 48 * index + 8, 'input' in subscription ? 1 : 0);
  }
  expect(await called.wait('poll_oneoff', bytesAt, 8_192, subscriptions.length, resultAt)).toBe(
    errno.success,
  );
  const { view } = called;
  return Array.from({ length: view.getUint32(resultAt, true) }, (_, index) => {
    const at = 8_192 + 32 * index;
    return {
      userdata: view.getBigUint64(at, true),
      error: view.getUint16(at + 8, true),
      bytes: view.getBigUint64(at + 16, true),
      hangup: view.getUint16(at + 24, true),
    };
  });
}

function createTestInput() {
  const chunks: Buffer[] = [];
  const waiting = new Set<() => void>();
  let ended = false;
  const wake = () => {
    for (const resolve of waiting) resolve();
    waiting.clear();
  };
  const source: InputSource = {
    kind: 'stream',
    readNow(into) {
      const first = chunks[0];
      if (first === undefined) return ended ? 0 : undefined;
      const count = first.copy(into);
      if (count === first.length) chunks.shift();
      else chunks[0] = first.subarray(count);
      return count;
    },
    readable(signal) {
      if (chunks.length > 0 || ended) return Promise.resolve();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      waiting.add(resolve);
      signal?.addEventListener('abort', () => {
        waiting.delete(resolve);
        reject(signal.reason);
      });
      return promise;
    },
  };
  return {
    source,
    waiting: () => waiting.size,
    push(content: string) {
      chunks.push(Buffer.from(content));
      wake();
    },
    end() {
      ended = true;
      wake();
    },
  };
}
