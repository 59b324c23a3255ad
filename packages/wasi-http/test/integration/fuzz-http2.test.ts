import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveComponent, type ServedComponent } from '../../src/serve.ts';
import { faultsOf, fuzzTimeoutMs, type Random } from '../../../../tooling/faults-of.ts';
import { clientPreface, randomFrames } from '../fixtures/http2-frames.ts';
import { send } from '../fixtures/send.ts';
import { serverGuest } from '../fixtures/server-guest.ts';

// Clients send frames in any order, take requests back whenever they like, and leave: what they do to a connection harms nobody else,
// and nothing of it stays. Seeded, so that a failure can be repeated; with FUZZ_SECONDS, the test goes on so much longer with other
// seeds.
const paths = [
  '/hello',
  '/echo',
  '/count',
  '/trap-before',
  '/trap-in',
  '/trap-early',
  '/none',
  '/empty',
  '/unfinished',
  '/trailers',
  '/short',
  '/stall',
  '/big',
];

interface Connection {
  readonly frames: Buffer;
  /** Sizes of the pieces in which they are sent. */
  readonly cuts: readonly number[];
  /** How the client leaves. */
  readonly leaves: 'at once' | 'when it has heard something' | 'by its end';
}

function randomConnection(random: Random): Connection {
  const leaves = (['at once', 'when it has heard something', 'by its end'] as const)[random(3)] ?? 'at once';
  const cuts = Array.from({ length: random(4) }, () => 1 + random(300));
  return { frames: randomFrames(random, paths), cuts, leaves };
}

const show = ({ frames, cuts, leaves }: Connection): string =>
  `${leaves} ${cuts.join()} ${frames.toString('hex')}`;

let served: ServedComponent;
let onEnded: () => void = () => {};
beforeAll(async () => {
  served = await serveComponent(await serverGuest(), {
    limits: { requestMs: 300, clientIdleMs: 300 },
    keepAliveMs: 300,
    onRequest: () => setImmediate(() => onEnded()),
  });
});
afterAll(() => served.stop({ graceMs: 0 }));

async function live({ frames, cuts, leaves }: Connection): Promise<string | undefined> {
  const socket = connect(served.address.port, '127.0.0.1');
  socket.on('error', () => {});
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const heard = Promise.race([once(socket, 'data').catch(() => {}), closed]);
  await once(socket, 'connect');
  let sent = 0;
  for (const bytes of [...cuts, Infinity]) {
    const piece = Buffer.concat([clientPreface, frames]).subarray(sent, sent + bytes);
    sent += piece.length;
    await new Promise((resolve) => socket.write(piece, resolve));
  }
  if (leaves === 'when it has heard something') await heard;
  if (leaves === 'by its end') socket.end();
  else socket.destroy();
  await closed;
  const other = await send(served.address.port, '/hello');
  if (other.text !== 'Hello World\n') return `another client is answered ${other.status} ${other.text}`;
  while (served.stats().active > 0) await new Promise<void>((resolve) => (onEnded = resolve));
  return undefined;
}

test('whatever clients send, others are answered and nothing is left behind', {
  timeout: fuzzTimeoutMs,
}, async () => {
  expect(await faultsOf({ rounds: 500, make: randomConnection, read: live, show })).toEqual([]);
});
