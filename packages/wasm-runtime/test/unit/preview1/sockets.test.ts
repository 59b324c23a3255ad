import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { errno } from '../../../src/preview1/errno.ts';
import type { Preview1Options } from '../../../src/preview1/preview1.ts';
import { openListener } from '../../../src/system/listener.ts';
import { bytesAt, type CalledHost, callHost, resultAt, vectorsAt } from '../../conformance/called-host.ts';
import { freePort } from '../../fixtures/free-port.ts';

const host = '127.0.0.1';
const listening = 3;
const nonblock = 4;
const flagsAt = 32;
let port: number;
let guest: CalledHost;
const peers: Socket[] = [];

beforeEach(async () => {
  port = await freePort();
  guest = await withListener();
});

afterEach(async () => {
  guest.host.close();
  for (const peer of peers.splice(0)) peer.destroy();
  await guest.host.settled();
});

async function withListener(nonblocking = false, extra: Partial<Preview1Options> = {}): Promise<CalledHost> {
  const listener = await openListener({ host, port });
  return callHost({ waiting: 'suspend', listeners: [{ listener, nonblocking }], ...extra });
}

async function dial(): Promise<Socket> {
  const peer = connect({ host, port, allowHalfOpen: true });
  peers.push(peer);
  await once(peer, 'connect');
  return peer;
}

async function accepted(flags = 0): Promise<{ readonly peer: Socket; readonly fd: number }> {
  const peer = await dial();
  expect(await guest.wait('sock_accept', listening, flags, resultAt)).toBe(errno.success);
  return { peer, fd: guest.view.getUint32(resultAt, true) };
}

function vector(length: number, start = bytesAt): void {
  guest.view.setUint32(vectorsAt, start, true);
  guest.view.setUint32(vectorsAt + 4, length, true);
}

async function receive(fd: number, length = 100, flags = 0): Promise<string | number> {
  vector(length);
  const answer = await guest.wait('sock_recv', fd, vectorsAt, 1, flags, resultAt, flagsAt);
  if (answer !== errno.success) return -answer;
  return Buffer.from(guest.memory.buffer, bytesAt, guest.view.getUint32(resultAt, true)).toString();
}

async function send(fd: number, message: string): Promise<number> {
  new Uint8Array(guest.memory.buffer).set(Buffer.from(message), bytesAt);
  vector(message.length);
  return guest.wait('sock_send', fd, vectorsAt, 1, 0, resultAt);
}

/** Subscribes to a descriptor, or to a time in milliseconds; answers what happened. */
async function poll(...subscriptions: readonly (readonly ['read' | 'write' | 'time', number])[]) {
  const at = 8_192;
  const eventsAt = 16_384;
  for (const [index, [what, subject]] of subscriptions.entries()) {
    const start = at + 48 * index;
    new Uint8Array(guest.memory.buffer, start, 48).fill(0);
    guest.view.setBigUint64(start, BigInt(index), true);
    guest.view.setUint8(start + 8, what === 'time' ? 0 : what === 'read' ? 1 : 2);
    guest.view.setUint32(start + 16, what === 'time' ? 1 : subject, true);
    if (what === 'time') guest.view.setBigUint64(start + 24, BigInt(subject) * 1_000_000n, true);
  }
  expect(await guest.wait('poll_oneoff', at, eventsAt, subscriptions.length, resultAt)).toBe(errno.success);
  return Array.from({ length: guest.view.getUint32(resultAt, true) }, (_, index) => {
    const start = eventsAt + 32 * index;
    return {
      index: Number(guest.view.getBigUint64(start, true)),
      errno: guest.view.getUint16(start + 8, true),
      bytes: Number(guest.view.getBigUint64(start + 16, true)),
      hangup: guest.view.getUint16(start + 24, true),
    };
  });
}

describe('a guest with a listener', () => {
  test('accepts connections that come before and while it waits', async () => {
    await accepted();
    const waiting = guest.wait('sock_accept', listening, 0, resultAt);
    await dial();
    expect(await waiting).toBe(errno.success);
  });

  test('receives and sends, also as by read and write', async () => {
    const { peer, fd } = await accepted();
    peer.write('hello');
    expect(await receive(fd)).toBe('hello');
    peer.write('again');
    vector(100);
    expect(await guest.wait('fd_read', fd, vectorsAt, 1, resultAt)).toBe(errno.success);
    expect(guest.view.getUint32(resultAt, true)).toBe(5);
    expect(await send(fd, 'back')).toBe(errno.success);
    expect(await guest.wait('fd_write', fd, vectorsAt, 1, resultAt)).toBe(errno.success);
    guest.call('fd_close', fd);
    expect(await text(peer)).toBe('backback');
  });

  test('looks at bytes without taking them, and waits for all when it asks to', async () => {
    const { peer, fd } = await accepted();
    peer.write('first');
    expect(await receive(fd, 100, 1)).toBe('first');
    const all = receive(fd, 11, 2);
    peer.write('second');
    expect(await all).toBe('firstsecond');
  });

  test('sees the end of what the peer says and may still answer', async () => {
    const { peer, fd } = await accepted();
    peer.end('last words');
    expect(await receive(fd)).toBe('last words');
    expect(await receive(fd)).toBe('');
    expect(await poll(['read', fd])).toMatchObject([{ bytes: 0, hangup: 1 }]);
    expect(await send(fd, 'answer')).toBe(errno.success);
    expect(guest.call('sock_shutdown', fd, 2)).toBe(errno.success);
    expect(await text(peer)).toBe('answer');
    expect(await send(fd, 'too late')).toBe(errno.pipe);
  });

  test('reads nothing more after it has shut that side', async () => {
    const { peer, fd } = await accepted();
    peer.write('unread');
    expect(guest.call('sock_shutdown', fd, 1)).toBe(errno.success);
    expect(await receive(fd)).toBe('');
  });

  test('is told of a connection that breaks', async () => {
    const { peer, fd } = await accepted();
    peer.resetAndDestroy();
    expect(await receive(fd)).toBe(-errno.connreset);
    expect(await send(fd, 'x')).toBe(errno.connreset);
  });

  test('waits while a slow peer does not take what it sends, and everything arrives in order', async () => {
    const { peer, fd } = await accepted();
    const bytes = 8 * 1024 * 1024;
    guest.memory.grow(13);
    let sent = 0;
    const sending = (async () => {
      for (; sent < bytes; sent += 512 * 1024) {
        const block = new Uint8Array(guest.memory.buffer, 196_608, 512 * 1024);
        block.fill(1 + (sent >> 19));
        vector(block.length, 196_608);
        expect(await guest.wait('sock_send', fd, vectorsAt, 1, 0, resultAt)).toBe(errno.success);
        expect(guest.view.getUint32(resultAt, true)).toBe(block.length);
      }
      guest.call('fd_close', fd);
    })();
    await delay(50);
    expect(sent).toBeLessThan(bytes);
    let received = 0;
    for await (const chunk of peer as AsyncIterable<Buffer>) {
      for (const at of [0, chunk.length - 1]) expect(chunk[at]).toBe(1 + ((received + at) >> 19));
      received += chunk.length;
    }
    await sending;
    expect(received).toBe(bytes);
  });

  test('polls listener, connection and clock together', async () => {
    expect(await poll(['read', listening], ['time', 1])).toMatchObject([{ index: 1 }]);
    const waiting = poll(['read', listening], ['time', 10_000]);
    const peer = await dial();
    expect(await waiting).toMatchObject([{ index: 0, bytes: 1 }]);
    expect(await guest.wait('sock_accept', listening, 0, resultAt)).toBe(errno.success);
    const fd = guest.view.getUint32(resultAt, true);
    expect(await poll(['read', fd], ['write', fd])).toMatchObject([{ index: 1 }]);
    const reading = poll(['read', fd], ['time', 10_000]);
    peer.write('hello');
    expect(await reading).toMatchObject([{ index: 0, bytes: 5, hangup: 0 }]);
  });

  test('is told at once when it does not want to wait', async () => {
    guest.host.close();
    await guest.host.settled();
    guest = await withListener(true);
    expect(await guest.wait('sock_accept', listening, 0, resultAt)).toBe(errno.again);
    expect(guest.call('fd_fdstat_get', listening, bytesAt)).toBe(errno.success);
    expect([guest.view.getUint8(bytesAt), guest.view.getUint16(bytesAt + 2, true)]).toEqual([6, nonblock]);
    const peer = await dial();
    await poll(['read', listening]);
    expect(await guest.wait('sock_accept', listening, nonblock, resultAt)).toBe(errno.success);
    const fd = guest.view.getUint32(resultAt, true);
    expect(await receive(fd)).toBe(-errno.again);
    peer.write('x');
    await poll(['read', fd]);
    expect(await receive(fd)).toBe('x');
  });

  test('is refused what makes no sense', async () => {
    const { fd } = await accepted();
    expect(await guest.wait('sock_accept', fd, 0, resultAt)).toBe(errno.inval);
    expect(await guest.wait('sock_accept', 0, 0, resultAt)).toBe(errno.notsock);
    expect(await guest.wait('sock_accept', listening, 1, resultAt)).toBe(errno.inval);
    expect(await receive(listening)).toBe(-errno.notconn);
    expect(await receive(1)).toBe(-errno.notsock);
    expect(await receive(fd, 1, 4)).toBe(-errno.inval);
    expect(guest.call('sock_shutdown', fd, 0)).toBe(errno.inval);
    expect(guest.call('sock_shutdown', fd, 4)).toBe(errno.inval);
    expect(guest.call('sock_shutdown', listening, 1)).toBe(errno.notconn);
    expect(guest.call('fd_seek', fd, 0n, 0, resultAt)).toBe(errno.spipe);
    expect(await guest.wait('sock_accept', listening, 0, -2)).toBe(errno.fault);
    expect(await guest.wait('sock_recv', fd, vectorsAt, 1, 0, resultAt, -1)).toBe(errno.fault);
  });

  test('has no more connections than descriptors', async () => {
    guest.host.close();
    await guest.host.settled();
    guest = await withListener(false, { maxDescriptors: 5 });
    await accepted();
    await dial();
    expect(await guest.wait('sock_accept', listening, 0, resultAt)).toBe(errno.mfile);
  });

  test('takes its connections with it, and frees the port', async () => {
    const { peer } = await accepted();
    const unaccepted = await dial();
    guest.host.close();
    peer.resume();
    unaccepted.resume();
    await Promise.all([once(peer, 'end'), once(unaccepted, 'end')]);
    const next = await openListener({ host, port });
    expect(next.pending).toBe(0);
    next.close();
  });

  test('cannot be made where the address is taken', async () => {
    await expect(openListener({ host, port })).rejects.toMatchObject({
      code: 'CANNOT_LISTEN',
      message: expect.stringContaining(`cannot listen on ${host}:${port}: `),
    });
  });
});
