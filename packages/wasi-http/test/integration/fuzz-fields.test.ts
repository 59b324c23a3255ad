import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Reply } from '../../src/server/exchange.ts';
import { fetchExchange } from '../../src/server/fetch-exchange.ts';
import { createHttpServer } from '../../src/server/http-server.ts';
import { defaultLimits } from '../../src/server/limits.ts';
import { nodeExchange } from '../../src/server/node-exchange.ts';
import { Fields } from '../../src/types/fields.ts';
import { faultsOf, fuzzTimeoutMs, pick, type Random } from '../fixtures/faults-of.ts';
import { rawClient } from '../fixtures/raw-client.ts';
import { readAnswers } from '../fixtures/raw-answers.ts';

// Names and values of fields are the guest's: each is refused, or is sent as it is, and none is ever taken for another field or message.
// Seeded, so that a failure can be repeated; with FUZZ_SECONDS, each test goes on so much longer with other seeds.
interface Sent {
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly trailers: readonly (readonly [name: string, value: string])[];
  readonly status: number;
  /** Pieces that leave one by one; the last with the end. */
  readonly body: readonly string[];
  readonly request: { readonly method: string; readonly version: string };
}

const known = [
  'trailer',
  'Date',
  'Set-Cookie',
  'te',
  'expect',
  'server',
  'Content-Type',
  'vary',
  'age',
  'close',
  'x',
];
const forbidden = ['Connection', 'HOST', 'transfer-encoding', 'keep-alive', 'upgrade'];
const odd = [
  '\r',
  '\n',
  '\r\n',
  '\0',
  ' ',
  '\t',
  ':',
  '\x7f',
  '\x80',
  '\xff',
  '\u0100',
  '\u{1f30d}',
  '\u2028',
  '"',
  '\x0b',
];

function randomField(random: Random): readonly [name: string, value: string] {
  const name = pick(random, [
    pick(random, known),
    pick(random, forbidden),
    `x-${random(1_000)}`,
    randomText(random),
  ]);
  const values = [
    '',
    'value',
    'chunked',
    'close',
    '5',
    ' padded ',
    'a: b',
    'x-1, x-2',
    randomText(random),
    randomText(random),
  ];
  return [name, pick(random, values)];
}

function randomText(random: Random): string {
  return Array.from({ length: random(6) }, () =>
    random(3) === 0 ? pick(random, odd) : String.fromCharCode(0x21 + random(0x5e)),
  ).join('');
}

function randomSent(random: Random): Sent {
  const some = (): Sent['headers'] => Array.from({ length: random(8) }, () => randomField(random));
  return {
    headers: some(),
    trailers: random(2) === 0 ? some() : [],
    status: pick(random, [200, 200, 200, 204, 304, 404, 999]),
    body: Array.from({ length: random(4) }, (_, at) => `piece ${at} `),
    request: { method: pick(random, ['GET', 'GET', 'HEAD']), version: pick(random, ['1.1', '1.1', '1.0']) },
  };
}

/** Those that are not refused. */
function accepted(given: Sent['headers']): Fields {
  const fields = Fields.empty();
  for (const [name, value] of given) {
    const before = fields.entries.length;
    const refusal = fields.append(name, value);
    const kept = fields.entries.slice(before);
    if (refusal === undefined ? kept[0]?.[1] !== value : kept.length > 0) throw new Error('kept and refused');
  }
  return fields;
}

/** Answers as a guest's response and its body do. */
function answer(reply: Reply, { status, headers, body, trailers }: Sent): void {
  reply.start(status, accepted(headers).entries);
  for (const piece of body.slice(0, -1)) reply.write(Buffer.from(piece));
  const last = body.at(-1);
  reply.finish(last === undefined ? undefined : Buffer.from(last), accepted(trailers));
}

let server: Server;
let next: Sent;
let thrown: string | undefined;
beforeAll(async () => {
  server = createHttpServer(
    (request, response) => {
      try {
        answer(nodeExchange(request, response, defaultLimits).reply, next);
      } catch (error) {
        thrown = String(error);
        response.destroy();
      }
    },
    { limits: defaultLimits },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

async function read(sent: Sent): Promise<string | undefined> {
  next = sent;
  thrown = undefined;
  await using client = await rawClient((server.address() as AddressInfo).port);
  const { method, version } = sent.request;
  client.send(`${method} / HTTP/${version}\r\nhost: a\r\nconnection: close\r\n\r\n`);
  const text = await client.all();
  if (thrown !== undefined) return thrown;
  const answers = readAnswers(text, method);
  const [only] = answers;
  if (only === undefined || answers.length > 1) return `became ${answers.length} answers`;
  const bare = method === 'HEAD' || sent.status === 204 || sent.status === 304;
  if (only.status !== sent.status || !only.isWhole) return 'is another status, or not whole';
  if (only.body !== (bare ? '' : sent.body.join(''))) return `has the body ${only.body}`;
  const lost = missing(accepted(sent.headers), only.headers);
  if (lost !== undefined) return `lacks ${lost}`;
  if (only.trailers.length === 0) return undefined;
  const lostTrailer = missing(accepted(sent.trailers), only.trailers);
  return lostTrailer && `lacks the trailer ${lostTrailer}`;
}

const isTheirs = (name: string): boolean =>
  !/^(?:date|connection|content-length|transfer-encoding|trailer|expect)$/i.test(name);

/** What is in the guest's fields and not on the wire, or the other way round but for what Node adds. */
function missing(fields: Fields, wire: Sent['headers']): string | undefined {
  const told = (list: Sent['headers']): readonly string[] =>
    list.filter(([name]) => isTheirs(name)).map(([name, value]) => `${name}: ${value.trim()}`);
  const [ours, theirs] = [told(fields.entries), told(wire)];
  const at = ours.findIndex((line, index) => line !== theirs[index]);
  if (at !== -1) return JSON.stringify([ours[at], theirs]);
  return ours.length === theirs.length
    ? undefined
    : `nothing, and has ${JSON.stringify(theirs.at(-1))} too many`;
}

test('fields of guests are refused, or sent as they are', { timeout: fuzzTimeoutMs }, async () => {
  expect(await faultsOf({ rounds: 1_500, make: randomSent, read, show: JSON.stringify })).toEqual([]);
});

/** The same for web responses, which join fields of one name and have no trailers. */
async function readWeb(sent: Sent): Promise<string | undefined> {
  const { method } = sent.request;
  const { exchange, response } = fetchExchange(new Request('http://a/', { method }), defaultLimits);
  answer(exchange.reply, sent);
  const { status, headers } = await response;
  const bare = method === 'HEAD' || sent.status === 204 || sent.status === 304;
  const text = await (await response).text();
  if (text !== (bare ? '' : sent.body.join(''))) return `has the body ${text}`;
  if (status !== (sent.status > 599 ? 500 : sent.status)) return `has the status ${status}`;
  const lost = accepted(sent.headers).entries.find(
    ([name, value]) => !headers.get(name)?.includes(value.trim()),
  );
  return lost && `lacks ${JSON.stringify(lost)}`;
}

test('web responses have them as well', { timeout: fuzzTimeoutMs }, async () => {
  expect(await faultsOf({ rounds: 1_500, make: randomSent, read: readWeb, show: JSON.stringify })).toEqual(
    [],
  );
});
