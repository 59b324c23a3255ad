import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, describe, expect, test } from 'vitest';
import { bufferAt, memoryBytes, type Step } from '../fixtures/http-guest.ts';
import { serve, serveTcp } from '../fixtures/http-server.ts';
import { createHttpRuntime, local, runSteps } from '../fixtures/run-guest.ts';

const runtime = createHttpRuntime();
afterAll(() => runtime[Symbol.asyncDispose]());

const read = (cap: number, handle = 0): Step => ({ call: 'body_read', handle, cap });
const textOf = ({ bytes }: { readonly bytes: Uint8Array }) => Buffer.from(bytes).toString();

describe('a body', () => {
  test('is read in pieces to its end, and then reads as empty', async () => {
    await using server = await serve((_request, response) => response.end('0123456789'));
    const { answers } = await runSteps(runtime, local(server.url), [
      { call: 'req', url: server.url },
      read(4),
      read(0),
      read(4),
      read(4),
      read(4),
      read(4),
    ]);
    expect(answers.map(textOf)).toEqual(['', '0123', '', '4567', '89', '', '']);
    expect(answers.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });

  test('fills the buffer that the guest gives, however slowly it comes', async () => {
    await using server = await serveTcp((socket) => {
      void (async () => {
        await once(socket, 'data');
        socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
        for (const piece of ['one ', 'two ', 'three']) {
          await new Promise((resolve) => setImmediate(resolve));
          socket.write(`${piece.length.toString(16)}\r\n${piece}\r\n`);
        }
        socket.end('0\r\n\r\n');
      })();
    });
    const { answers } = await runSteps(runtime, local(server.url), [
      { call: 'req', url: server.url },
      read(7),
      read(100),
    ]);
    expect(answers.map(textOf)).toEqual(['', 'one two', ' three']);
  });

  test('of many times what is held is the same on the other side', async () => {
    const body = randomBytes(20 * 1024 * 1024);
    await using server = await serve((_request, response) => response.end(body));
    const cap = memoryBytes - bufferAt;
    const { answers } = await runSteps(runtime, local(server.url), [
      { call: 'req', url: server.url },
      ...Array.from({ length: 8 }, () => read(cap)),
    ]);
    const received = Buffer.concat(answers.map(({ bytes }) => bytes));
    expect(received.length).toBe(body.length);
    expect(createHash('sha256').update(received).digest('hex')).toBe(
      createHash('sha256').update(body).digest('hex'),
    );
  });

  test('that nobody reads is not taken from the server', async () => {
    const chunk = Buffer.alloc(64 * 1024);
    let written = 0;
    await using server = await serve((request, response) => {
      if (request.url === '/other') {
        response.end();
        return;
      }
      response.on('error', () => {});
      const more = (): void => {
        written += chunk.length;
        if (response.write(chunk)) setImmediate(more);
        else response.once('drain', more);
      };
      more();
    });
    await runSteps(runtime, local(server.url), [
      { call: 'req', url: server.url },
      ...Array.from({ length: 50 }, () => ({ call: 'req', url: `${server.url}/other` }) as const),
    ]);
    // The kernel's buffers take some.
    expect(written).toBeLessThan(32 * 1024 * 1024);
  });

  test.each([
    ['is cut off', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n0123456789'],
    ['has a broken chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\na\r\n0123456789\r\nxyz\r\n'],
  ])('that %s fails, and stays failed', async (_what, answer) => {
    await using server = await serveTcp((socket) => socket.once('data', () => socket.end(answer)));
    const { codes } = await runSteps(runtime, local(server.url), [
      { call: 'req', url: server.url },
      read(100),
      read(100),
      { call: 'close', handle: 0 },
      read(100),
    ]);
    expect(codes).toEqual([0, 11, 11, 0, 1]);
  });

  test('that stops coming fails in time', async () => {
    await using server = await serveTcp((socket) =>
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n0123456789')),
    );
    const policy = { ...local(server.url), timeouts: { bodyIdleMs: 100 } };
    const { codes } = await runSteps(runtime, policy, [{ call: 'req', url: server.url }, read(4), read(100)]);
    expect(codes).toEqual([0, 0, 11]);
  });

  test('longer than the memory that is left for it is an error', async () => {
    await using server = await serve((_request, response) => response.end('0123456789'));
    const { codes } = await runSteps(runtime, local(server.url), [
      { call: 'req', url: server.url },
      { call: 'raw', name: 'body_read', args: [0, memoryBytes - 4, 100, 20] },
    ]);
    expect(codes).toEqual([0, 3]);
  });
});

describe('connections', () => {
  test('are used again when a body was read, or was short', async () => {
    await using server = await serve((_request, response) => response.end('short'));
    const { codes } = await runSteps(
      runtime,
      local(server.url),
      Array.from({ length: 10 }, (_, handle): Step[] => [
        { call: 'req', url: server.url },
        ...(handle < 5 ? [read(100, handle)] : []),
      ]).flat(),
    );
    expect(codes).toEqual(Array.from({ length: 15 }, () => 0));
    // One has a rest for a moment while the other is used.
    expect(server.connections()).toBeLessThanOrEqual(2);
  });

  test('are ended by closing a response whose body still comes', async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    await using server = await serve((request, response) => {
      if (request.url === '/wait') {
        void closed.then(() => response.end('closed'));
        return;
      }
      response.on('close', resolve);
      response.write(Buffer.alloc(1024 * 1024));
    });
    const { answers } = await runSteps(runtime, local(server.url), [
      { call: 'req', url: server.url },
      { call: 'close', handle: 0 },
      { call: 'req', url: `${server.url}/wait` },
      read(100),
    ]);
    expect(answers.map(textOf)).toEqual(['', '', '', 'closed']);
  });
});
