import { setImmediate as turn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveComponent, type ServedComponent } from '../../src/serve.ts';
import { faultsOf, fuzzTimeoutMs, type Random } from '../../../../tooling/faults-of.ts';
import { randomRequest, type RawRequest, spoil } from '../fixtures/random-requests.ts';
import { type RawAnswer, readAnswers } from '../fixtures/raw-answers.ts';
import { rawClient } from '../fixtures/raw-client.ts';
import { send } from '../fixtures/send.ts';
import { serverGuest } from '../fixtures/server-guest.ts';

// Anybody may send anything to a server: what is right is answered in its order, whatever else there is gets a status or the end
// of its connection, soon, and the server goes on. Seeded, so that a failure can be repeated; with FUZZ_SECONDS, each test goes on
// so much longer with other seeds.
const timeout = fuzzTimeoutMs;
/** Connections of one input, at once. */
const connections = 20;
/** Longest that a connection may last, of which the client sends nothing more: far beyond the server's limits. */
const longestMs = 5_000;
const statuses = new Set([200, 204, 400, 404, 408, 413, 414, 417, 431, 500, 502, 503, 505]);

/** One that has time, and one that gives up who does not go on. */
let patient: ServedComponent;
let strict: ServedComponent;
beforeAll(async () => {
  const guest = await serverGuest();
  const limits = { maxUrlBytes: 8_000, maxHeaderBytes: 8_000, maxBodyBytes: 10_000 };
  patient = await serveComponent(guest, { limits });
  strict = await serveComponent(guest, {
    headersMs: 300,
    keepAliveMs: 300,
    limits: { ...limits, clientIdleMs: 300, requestMs: 2_000 },
  });
});
afterAll(() => Promise.all([patient[Symbol.asyncDispose](), strict[Symbol.asyncDispose]()]));

interface Sent {
  readonly pieces: readonly string[];
  /** Whether the client says that it sends nothing more. */
  readonly ends: boolean;
  readonly requests: readonly RawRequest[];
}

function randomSent(random: Random, spoils: boolean): Sent {
  const count = 1 + random(4);
  const requests = Array.from({ length: count }, (_, at) => randomRequest(random, at === count - 1));
  const right = requests.map(({ text }) => text).join('');
  const text = spoils ? spoil(right, random) : right;
  const cuts = Array.from({ length: random(3) }, () => random(text.length + 1)).toSorted((a, b) => a - b);
  const pieces = [...cuts, text.length].map((end, at) => text.slice(at === 0 ? 0 : cuts[at - 1], end));
  return { pieces, ends: spoils && random(10) > 0, requests };
}

async function answersTo({ pieces, ends }: Sent, port: number): Promise<readonly RawAnswer[]> {
  await using client = await rawClient(port);
  const timer = setTimeout(() => client.socket.destroy(), longestMs);
  const begin = performance.now();
  for (const piece of pieces) {
    client.send(Buffer.from(piece, 'latin1'));
    await turn();
  }
  if (ends) client.socket.end();
  const text = await client.all();
  clearTimeout(timer);
  if (performance.now() - begin >= longestMs) throw new Error('the connection stays open');
  // What has come and not been read is lost by a reset; what begins as HTTP/2 is answered in its frames.
  const isLost = client.socket.errored !== null || pieces.join('').startsWith(http2Preface);
  return isLost ? [] : readAnswers(text);
}

const http2Preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** What is right is answered in its order. */
async function readRight(sent: Sent): Promise<string | undefined> {
  const answers = await answersTo(sent, patient.address.port);
  const got = answers.map(({ status, body, isWhole }) => ({ status, isWhole, body }));
  const wanted = sent.requests.map(({ status, answer }, at) => {
    return { status, isWhole: true, body: answer ?? answers[at]?.body };
  });
  return isDeepStrictEqual(got, wanted) ? undefined : `is answered by ${JSON.stringify(got).slice(0, 1_000)}`;
}

/** Whatever else is sent gets statuses that there are, but for a last answer that is cut off. */
async function readSpoilt(sent: Sent): Promise<string | undefined> {
  const answers = await answersTo(sent, strict.address.port);
  const odd = answers.find(({ status }) => !statuses.has(status));
  if (odd !== undefined) return `is answered by ${odd.status}`;
  const [first] = answers;
  if (first !== undefined && first.status < 400 && isAmbiguous(sent.pieces.join('')))
    return 'is answered, and is ambiguous';
  const half = answers.findIndex(({ isWhole }) => !isWhole);
  return half === -1 || half === answers.length - 1 ? undefined : 'has half an answer before another';
}

/** Whether two readers could understand the first head differently. */
function isAmbiguous(text: string): boolean {
  const [head = '', ...rest] = text.replace(/^[\r\n]+/, '').split('\r\n\r\n');
  if (rest.length === 0) return false;
  const count = (name: string): number => head.match(new RegExp(`\r\n${name}:`, 'gi'))?.length ?? 0;
  const [hosts, lengths, codings] = [count('host'), count('content-length'), count('transfer-encoding')];
  return (
    /(?<!\r)\n|\r(?!\n)|\r\n[ \t]|\0/.test(head) || hosts > 1 || lengths > 1 || (lengths > 0 && codings > 0)
  );
}

/** Many connections at once; afterwards the server answers as ever. */
async function readAll(
  all: readonly Sent[],
  read: (sent: Sent) => Promise<string | undefined>,
): Promise<string | undefined> {
  const faults = await Promise.all(
    all.map(async (sent) => {
      const fault = await read(sent).catch(String);
      return fault && `${fault}: ${JSON.stringify(sent.pieces).slice(0, 3_000)}`;
    }),
  );
  const { status, text } = await send(strict.address.port, '/hello');
  if (status !== 200 || text !== 'Hello World\n') return `the server answers ${status} afterwards`;
  return faults.find(Boolean);
}

const heldBytes = (): number => process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;

const many = (random: Random, spoils: boolean): readonly Sent[] =>
  Array.from({ length: connections }, () => randomSent(random, spoils));

test('requests that are right are answered in their order, however they are written', {
  timeout,
}, async () => {
  const faults = await faultsOf({
    rounds: 25,
    make: (random) => many(random, false),
    read: (all) => readAll(all, readRight),
    show: () => 'all of it above',
  });
  expect(faults).toEqual([]);
});

test('spoilt requests get a status or an end, soon and in little memory', { timeout }, async () => {
  const before = heldBytes();
  const faults = await faultsOf({
    rounds: 50,
    make: (random) => many(random, true),
    read: (all) => readAll(all, readSpoilt),
    show: () => 'all of it above',
  });
  expect(faults).toEqual([]);
  while (strict.stats().active > 0) await turn();
  expect(heldBytes() - before).toBeLessThan(256 * 1024 * 1024);
});
