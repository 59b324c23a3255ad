import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Reply } from '../../src/server/exchange.ts';
import { fetchExchange } from '../../src/server/fetch-exchange.ts';
import { createHttpServer, type HttpServer } from '../../src/server/http-server.ts';
import { defaultLimits } from '../../src/server/limits.ts';
import { http2Exchange } from '../../src/server/http2-exchange.ts';
import { notInHttp2 } from '../../src/server/http2-reply.ts';
import { nodeExchange } from '../../src/server/node-exchange.ts';
import type { Fields } from '../../src/types/fields.ts';
import { faultsOf, fuzzTimeoutMs, pick, type Random } from '../../../../tooling/faults-of.ts';
import { type Http2Client, http2Client } from '../fixtures/http2-client.ts';
import { accepted, type Field, missing, randomField } from '../fixtures/random-fields.ts';
import { rawClient } from '../fixtures/raw-client.ts';
import { readAnswers } from '../fixtures/raw-answers.ts';

// Names and values of fields are the guest's: each is refused, or is sent as it is, and none is ever taken for another field or message.
// Seeded, so that a failure can be repeated; with FUZZ_SECONDS, each test goes on so much longer with other seeds.
interface Sent {
  readonly headers: readonly Field[];
  readonly trailers: readonly Field[];
  readonly status: number;
  /** Pieces that leave one by one; the last with the end. */
  readonly body: readonly string[];
  readonly request: { readonly method: string; readonly version: string };
}

function randomSent(random: Random): Sent {
  const some = (): readonly Field[] => Array.from({ length: random(8) }, () => randomField(random));
  return {
    headers: some(),
    trailers: random(2) === 0 ? some() : [],
    status: pick(random, [200, 200, 200, 204, 304, 404, 999]),
    body: Array.from({ length: random(4) }, (_, at) => `piece ${at} `),
    request: { method: pick(random, ['GET', 'GET', 'HEAD']), version: pick(random, ['1.1', '1.1', '1.0']) },
  };
}

/** Answers as a guest's response and its body do. */
function answer(reply: Reply, { status, headers, body, trailers }: Sent): void {
  reply.start(status, accepted(headers).entries);
  for (const piece of body.slice(0, -1)) reply.write(Buffer.from(piece));
  const last = body.at(-1);
  reply.finish(last === undefined ? undefined : Buffer.from(last), accepted(trailers));
}

let server: Server;
let serving: HttpServer;
let next: Sent;
let thrown: string | undefined;
beforeAll(async () => {
  serving = createHttpServer(
    {
      listener(request, response) {
        try {
          answer(nodeExchange(request, response, defaultLimits).reply, next);
        } catch (error) {
          thrown = String(error);
          response.destroy();
        }
      },
      stream(stream, headers, _flags, rawHeaders) {
        try {
          answer(http2Exchange(stream, headers, rawHeaders, defaultLimits).reply, next);
        } catch (error) {
          thrown = String(error);
          stream.destroy();
        }
      },
    },
    { limits: defaultLimits },
  );
  ({ server } = serving);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => serving.destroy());

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

/** The same over HTTP/2, which joins fields of one name. */
async function readHttp2(client: Http2Client, sent: Sent): Promise<string | undefined> {
  next = sent;
  thrown = undefined;
  const { method } = sent.request;
  const { status, headers, trailers, text, code } = await client.send('/', { ':method': method });
  if (thrown !== undefined) return thrown;
  const bare = method === 'HEAD' || sent.status === 204 || sent.status === 304;
  if (code !== 0 || text !== (bare ? '' : sent.body.join(''))) return `has the body ${text}, code ${code}`;
  if (status !== (sent.status > 599 ? 500 : sent.status)) return `has the status ${status}`;
  const lost =
    lostBy(headers, accepted(sent.headers)) ?? (bare ? undefined : lostBy(trailers, accepted(sent.trailers)));
  return lost && `lacks ${JSON.stringify(lost)}`;
}

function lostBy(came: IncomingHttpHeaders, sent: Fields): Field | undefined {
  return sent.entries.find(
    ([name, value]) => !notInHttp2.has(name) && !String(came[name]).includes(value.trim()),
  );
}

test('HTTP/2 has them as well', { timeout: fuzzTimeoutMs }, async () => {
  await using client = await http2Client((server.address() as AddressInfo).port);
  const faults = await faultsOf({
    rounds: 1_500,
    make: randomSent,
    read: (sent) => readHttp2(client, sent),
    show: JSON.stringify,
  });
  expect(faults).toEqual([]);
});
