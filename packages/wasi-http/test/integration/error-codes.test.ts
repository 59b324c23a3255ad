import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bufferAt, memoryBytes, outputs, type Step } from '../fixtures/http-guest.ts';
import { serve, serveTcp, type TestServer } from '../fixtures/http-server.ts';
import { createHttpRuntime, local, runSteps, startGuest } from '../fixtures/run-guest.ts';

const runtime = createHttpRuntime();
let server: TestServer;
beforeAll(async () => {
  server = await serve((_request, response) => response.end('0123456789'));
});
afterAll(async () => {
  await runtime[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const codesOf = async (...steps: readonly Step[]) =>
  (await runSteps(runtime, local(server.url), steps)).codes;

const invalidUtf8 = Uint8Array.of(0xff, 0xfe);
const outside = memoryBytes - 3;

describe('req answers', () => {
  const cases: readonly (readonly [string, number, Partial<Step & { call: 'req' }>])[] = [
    ['6: a URL that is no UTF-8', 6, { url: invalidUtf8 }],
    ['10: a URL that does not parse', 10, { url: 'not even a url' }],
    ['10: an empty URL', 10, { url: '' }],
    ['10: a URL without a host', 10, { url: 'data:text/plain,a' }],
    ['10: a URL that is too long', 10, { url: `http://127.0.0.1/${'a'.repeat(64 * 1024)}` }],
    ['7: a host that is not on the list', 7, { url: 'http://other.example/' }],
    ['7: that before it looks at the method', 7, { url: 'http://other.example/', method: '' }],
    ['6: a method that is no UTF-8', 6, { method: invalidUtf8 }],
    ['8: an empty method', 8, { method: '' }],
    ['8: a method that is no token', 8, { method: 'GE T' }],
    ['8: a method that is too long', 8, { method: 'A'.repeat(65) }],
    ['11: CONNECT', 11, { method: 'CONNECT' }],
    ['11: an allowed host over ftp', 11, { url: 'ftp://127.0.0.1/' }],
    ['11: an allowed host over ws', 11, { url: 'ws://127.0.0.1/' }],
    ['11: an allowed host over file', 11, { url: 'file://127.0.0.1/' }],
    ['6: headers that are no UTF-8', 6, { headers: invalidUtf8 }],
    ['9: a line without a colon', 9, { headers: 'a:b\nc\n' }],
    ['9: a header without a name', 9, { headers: ':b\n' }],
    ['9: a header name that is no token', 9, { headers: 'a b:c\n' }],
    ['9: a header value beyond ASCII', 9, { headers: 'a:é\n' }],
    ['9: a control character', 9, { headers: 'a:b\u0001\n' }],
    ['9: more headers than it takes', 9, { headers: `a:${'b'.repeat(64 * 1024)}` }],
    ['8: method before headers', 8, { method: ' ', headers: 'a' }],
  ];
  test('of one guest, and nothing connects', async () => {
    const before = server.connections();
    const codes = await codesOf(
      ...cases.map(([, , request]): Step => ({ call: 'req', url: server.url, ...request })),
    );
    expect(cases.map(([what], index) => [what, codes[index]])).toEqual(
      cases.map(([what, code]) => [what, code]),
    );
    expect(server.connections()).toBe(before);
  });

  test('4 and 3: input and output outside the memory', async () => {
    const [url, method] = [4096, 4096 + server.url.length];
    const valid = [url, server.url.length, method, 3, 0, 0, 0, 0, outputs.first, outputs.second];
    const changed: readonly (readonly [string, number, Readonly<Record<number, number>>])[] = [
      ['URL', 4, { 0: outside, 1: 4 }],
      ['URL whose end overflows', 4, { 0: 0xffff_ffff, 1: 2 }],
      ['method', 4, { 2: outside, 3: 4 }],
      ['headers', 4, { 4: outside, 5: 4 }],
      ['body', 4, { 6: outside, 7: 4 }],
      ['body that is too large', 11, { 7: 64 * 1024 * 1024 + 1 }],
      ['status', 3, { 8: memoryBytes - 1 }],
      ['handle', 3, { 9: outside }],
    ];
    const { answers } = await runSteps(runtime, local(server.url), [
      // Puts the texts where the others look for them.
      { call: 'req', url: server.url },
      ...changed.map(
        ([, , change]): Step => ({ call: 'raw', name: 'req', args: Object.assign([...valid], change) }),
      ),
    ]);
    expect(changed.map(([what], index) => [what, answers[index + 1]])).toEqual(
      changed.map(([what, code]) => [
        what,
        { code, first: 0xaaaa_aaaa, second: 0xaaaa_aaaa, bytes: Buffer.alloc(0) },
      ]),
    );
  });

  test('2: a guest that exports no memory', async () => {
    const { exit } = await runSteps(runtime, {}, [{ call: 'req', url: server.url }], { memory: false });
    expect(exit).toMatchObject({ kind: 'exited', code: 2 });
  });

  test('11: nobody listens', async () => {
    const gone = await serve(() => {});
    await gone[Symbol.asyncDispose]();
    const { codes } = await runSteps(runtime, local(gone.url), [{ call: 'req', url: gone.url }]);
    expect(codes).toEqual([11]);
  });

  test('11: a name that does not exist', async () => {
    const policy = { allowedDomains: ['http://no-such-name.invalid'] };
    const { codes } = await runSteps(runtime, policy, [{ call: 'req', url: 'http://no-such-name.invalid/' }]);
    expect(codes).toEqual([11]);
  });

  test('11: a server that answers', async () => {
    const odd = [
      ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
      ['a bad status line', 'HTTP/1.1 abc OK\r\n\r\n'],
      ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'],
      [
        'a protocol that was not asked for',
        'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
      ],
      ['headers without end', `HTTP/1.1 200 OK\r\na: ${'b'.repeat(70_000)}`],
      ['nothing, and closes', ''],
    ] as const;
    await using broken = await serveTcp((socket) =>
      socket.once('data', (request: Buffer) => {
        const [, index] = /^GET \/(\d)/.exec(request.toString()) ?? [];
        socket.end(odd[Number(index)]?.[1] ?? '');
      }),
    );
    const { codes } = await runSteps(
      runtime,
      local(broken.url),
      odd.map((_answer, index) => ({ call: 'req', url: `${broken.url}/${index}` })),
    );
    expect(odd.map(([what], index) => [what, codes[index]])).toEqual(odd.map(([what]) => [what, 11]));
  });

  test('11: a server that says nothing for too long', async () => {
    await using silent = await serveTcp(() => {});
    const policy = { ...local(silent.url), timeouts: { headersMs: 100 } };
    const { codes } = await runSteps(runtime, policy, [{ call: 'req', url: silent.url }]);
    expect(codes).toEqual([11]);
  });
});

describe('the other functions answer', () => {
  const opened: Step = { call: 'req', url: 'replaced' };
  const after = (...steps: readonly Step[]) => codesOf({ ...opened, url: server.url }, ...steps);

  test('1: a handle that is not open; closing it is no error', async () => {
    const codes = await codesOf(
      { call: 'body_read', handle: 0 },
      { call: 'header_get', handle: -1, name: 'a' },
      { call: 'headers_get_all', handle: 7 },
      { call: 'close', handle: 0 },
    );
    expect(codes).toEqual([1, 1, 1, 0]);
  });

  test('3: an output outside the memory', async () => {
    const codes = await after(
      { call: 'raw', name: 'body_read', args: [0, outside, 10, 20] },
      { call: 'raw', name: 'body_read', args: [0, bufferAt, 10, outside] },
      { call: 'raw', name: 'headers_get_all', args: [0, outside, 4096, 20] },
      { call: 'raw', name: 'headers_get_all', args: [0, bufferAt, 4096, outside] },
      { call: 'raw', name: 'header_get', args: [0, 4096, 0, outside, 4096, 20] },
    );
    // The last asks for the header with no name.
    expect(codes).toEqual([0, 3, 3, 3, 3, 5]);
  });

  test('4, 5, 6: a name in header_get that cannot be read, or is too long', async () => {
    const codes = await after(
      { call: 'raw', name: 'header_get', args: [0, outside, 4, bufferAt, 64, 20] },
      { call: 'header_get', handle: 0, name: 'a'.repeat(64 * 1024 + 1) },
      { call: 'header_get', handle: 0, name: invalidUtf8 },
    );
    expect(codes).toEqual([0, 4, 5, 6]);
  });

  test('0: a capacity beyond the memory, if what is written is within', async () => {
    const { answers } = await runSteps(runtime, local(server.url), [
      { call: 'req', url: server.url },
      { call: 'body_read', handle: 0, cap: 0xffff_ffff },
      { call: 'headers_get_all', handle: 0, cap: 0xffff_ffff },
    ]);
    expect(answers.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(Buffer.from(answers[1]?.bytes ?? []).toString()).toBe('0123456789');
  });
});

test('a module of version 0.1 or 0.2 is told to be built anew', async () => {
  const parameters = Array.from({ length: 15 }, () => 'i32').join(' ');
  const zeros = Array.from({ length: 15 }, () => '(i32.const 0)').join(' ');
  const old = `(import "wasi_experimental_http" "req" (func $req (param ${parameters}) (result i32)))
    (memory (export "memory") 1) (func (export "_start") (drop (call $req ${zeros})))`;
  const guest = await startGuest(runtime, old, {});
  guest.stdout?.resume();
  guest.stderr?.resume();
  await expect(guest.exited).resolves.toMatchObject({
    kind: 'trapped',
    message: expect.stringContaining('build it with 0.3 or later') as unknown,
  });
});
