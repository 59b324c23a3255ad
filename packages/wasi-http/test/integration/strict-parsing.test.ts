import { expect, test } from 'vitest';
import { serveComponent } from '../../src/serve.ts';
import { rawClient } from '../fixtures/raw-client.ts';
import { serverGuest } from '../fixtures/server-guest.ts';

const guest = await serverGuest();
const smuggled = 'GET /hello HTTP/1.1\r\nhost: smuggled\r\n\r\n';
const post = (headers: string, body = `0\r\n\r\n${smuggled}`): string =>
  `POST /count HTTP/1.1\r\nhost: a\r\n${headers}\r\n\r\n${body}`;

/** Messages that two readers could understand differently. */
const ambiguous: Readonly<Record<string, string>> = {
  'two lengths that differ': post('content-length: 5\r\ncontent-length: 6'),
  'two lengths in one': post('content-length: 5, 6'),
  'a length and chunks': post('content-length: 5\r\ntransfer-encoding: chunked'),
  'chunks and a length': post('transfer-encoding: chunked\r\ncontent-length: 5'),
  'a negative length': post('content-length: -1'),
  'a length with a sign': post('content-length: +5'),
  'a length in hexadecimal': post('content-length: 0x5'),
  'an unknown coding': post('transfer-encoding: xchunked'),
  'chunked not at the end': post('transfer-encoding: chunked, identity'),
  'a folded header': post('x: a\r\n b'),
  'a folded coding': post('transfer-encoding:\r\n chunked'),
  'a space before the colon': post('content-length : 5'),
  'a space before a name': post(' content-length: 5'),
  'a bare line feed after a header': 'GET /hello HTTP/1.1\r\nhost: a\nx: y\r\n\r\n',
  'bare line feeds everywhere': 'GET /hello HTTP/1.1\nhost: a\n\n',
  'a bare carriage return': 'GET /hello HTTP/1.1\r\nhost: a\rx: y\r\n\r\n',
  'a NUL in a value': 'GET /hello HTTP/1.1\r\nhost: a\r\nx: \0\r\n\r\n',
  'a chunk size with a sign': post('transfer-encoding: chunked', `+0\r\n\r\n${smuggled}`),
  'a chunk size with a prefix': post('transfer-encoding: chunked', `0x0\r\n\r\n${smuggled}`),
  'a chunk of no size': post('transfer-encoding: chunked', `\r\n\r\n${smuggled}`),
  'a chunk that is longer than it says': post(
    'transfer-encoding: chunked',
    `1\r\nabc\r\n0\r\n\r\n${smuggled}`,
  ),
  'a bare line feed after a chunk': post('transfer-encoding: chunked', `1\r\na\n0\r\n\r\n${smuggled}`),
  'a chunk size that overflows': post('transfer-encoding: chunked', `10000000000000000\r\n${smuggled}`),
  'no host': 'GET /hello HTTP/1.1\r\n\r\n',
  'two hosts': 'GET /hello HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n',
  'an unknown method': 'GE%T /hello HTTP/1.1\r\nhost: a\r\n\r\n',
  'an unknown version': 'GET /hello HTTP/9.9\r\nhost: a\r\n\r\n',
  'a line without version': 'GET /hello\r\nhost: a\r\n\r\n',
  'a bare line feed in place of a version': 'GET /hello\nhost: a\r\n\r\n',
  'a line that is none': 'hello\r\n\r\n',
  'a TLS greeting': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
};

test.each(Object.entries(ambiguous))('%s is refused, and the connection closed', async (_name, message) => {
  await using served = await serveComponent(guest, { headersMs: 2_000 });
  await using client = await rawClient(served.address.port);
  client.send(Buffer.from(message, 'latin1'));
  const answer = await client.all();
  expect(answer).toMatch(/^HTTP\/1\.1 (?:400|505) /);
  expect(answer).not.toContain('Hello World');
});
