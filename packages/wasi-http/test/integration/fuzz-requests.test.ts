import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveComponent, type ServedComponent } from '../../src/serve.ts';
import { faultsOf, fuzzTimeoutMs, pick, type Random } from '../fixtures/faults-of.ts';
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

let served: ServedComponent;
beforeAll(async () => {
  served = await serveComponent(await serverGuest(), {
    headersMs: 300,
    keepAliveMs: 300,
    limits: { clientIdleMs: 300, requestMs: 2_000, maxUrlBytes: 8_000, maxHeaderBytes: 8_000, maxBodyBytes: 8_000 },
  });
});
afterAll(() => served[Symbol.asyncDispose]());

interface Sent {
  readonly pieces: readonly string[];
  /** Whether the client says that it has sent everything. */
  readonly ends: boolean;
  readonly requests: readonly RawRequest[];
}

function randomSent(random: Random, spoils: boolean): Sent {
  const requests = Array.from({ length: 1 + random(4) }, () => randomRequest(random));
  const right = requests.map(({ text }) => text).join('');
  const text = spoils ? spoil(right, random) : right;
  const cuts = Array.from({ length: random(3) }, () => random(text.length)).toSorted((a, b) => a - b);
  const pieces = [...cuts, text.length].map((end, at) => text.slice(at === 0 ? 0 : cuts[at - 1], end));
  return { pieces, ends: spoils && random(10) > 0, requests };
}

async function exchange({ pieces, ends }: Sent, count: number): Promise<string> {
  await using client = await rawClient(served.address.port);
  const late = AbortSignal.timeout(longestMs);
  const cut = (): void => void client.socket.destroy(new Error('late'));
  late.addEventListener('abort', cut);
  for (const piece of pieces) {
    client.send(Buffer.from(piece, 'latin1'));
    await new Promise(setImmediate);
  }
  if (ends) client.socket.end();
  const answers = ends || count === 0 ? await client.all() : await answered(client, count);
  late.removeEventListener('abort', cut);
  if (late.aborted) throw new Error('the connection stays open');
  return answers;
}
