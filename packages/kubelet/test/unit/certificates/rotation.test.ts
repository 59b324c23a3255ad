import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { keepRotating, rotationDeadline, type Validity } from '../../../src/certificates/rotation.ts';
import { silentLogger } from '../../../src/node/logger.ts';
import { virtualClock } from '../../../src/testing/virtual-clock.ts';
import { eventually } from '../../fixtures/eventually.ts';
import { setUpIdentity } from './identity-fixture.ts';

const hour = 60 * 60_000;
const day = 24 * hour;
/** Servers look at certificates by the real time. */
const start = new Date(Math.floor(Date.now() / 1000) * 1000);
const daysLater = (days: number): Date => new Date(start.getTime() + days * day);
const hoursLater = (hours: number): Date => new Date(start.getTime() + hours * hour);

test.each([
  [0, 70],
  [0.5, 80],
  [1, 90],
])('with random %f a certificate of 100 days is replaced after %d', (random, days) => {
  const validity = { notBefore: start, notAfter: daysLater(100) };
  expect(rotationDeadline(validity, () => random)).toEqual(daysLater(days));
});

describe('a certificate', () => {
  test('that cannot be replaced is tried again after one minute, two … half an hour', async () => {
    const time = virtualClock(start);
    const abort = new AbortController();
    const attempts: number[] = [];
    const begun = daysLater(7).getTime();
    const rotating = keepRotating({
      what: 'certificate',
      current: { notBefore: start, notAfter: daysLater(10) },
      renew: (): Promise<Validity> => {
        attempts.push((time.clock.now().getTime() - begun) / 60_000);
        return attempts.length < 8
          ? Promise.reject(new Error('no'))
          : Promise.resolve({ notBefore: time.clock.now(), notAfter: daysLater(100) });
      },
      handOver: () => undefined,
      clock: time.clock,
      logger: silentLogger,
      random: () => 0,
      signal: abort.signal,
    });
    await time.advance(8 * day);
    expect(attempts).toEqual([0, 1, 3, 7, 15, 31, 61, 91]);
    abort.abort();
    await rotating;
    expect(time.sleeping).toBe(0);
  });

  test.each([
    [
      'later, and not asked for again',
      2,
      ['renew 42', 'use 42', 'use 43', 'use 45', 'renew 96.6', 'use 96.6'],
    ],
    [
      'by way of the next one',
      6,
      [...[42, 43, 45, 49, 57, 73].map((m) => `use ${m}`), 'renew 103', 'use 103'],
    ],
  ])('that cannot be put to use is put to use %s', async (_how, failures, expected) => {
    const time = virtualClock(start);
    const abort = new AbortController();
    const seen: string[] = [];
    const note = (what: string): void => {
      seen.push(`${what} ${(time.clock.now().getTime() - start.getTime()) / 60_000}`);
    };
    let left = failures;
    const rotating = keepRotating({
      what: 'certificate',
      current: { notBefore: start, notAfter: hoursLater(1) },
      renew() {
        note('renew');
        return Promise.resolve({ notBefore: time.clock.now(), notAfter: hoursLater(2) });
      },
      handOver() {
        note('use');
        if (left-- > 0) throw new Error('no');
      },
      clock: time.clock,
      logger: silentLogger,
      random: () => 0,
      signal: abort.signal,
    });
    await time.advance(104 * 60_000);
    expect(seen.slice(-expected.length)).toEqual(expected);
    abort.abort();
    await rotating;
  });

  test('that is issued out of date is not asked for without end', async () => {
    const time = virtualClock(start);
    const abort = new AbortController();
    let renewals = 0;
    const current = { notBefore: daysLater(-2), notAfter: daysLater(-1) };
    const rotating = keepRotating({
      what: 'certificate',
      current,
      renew() {
        renewals++;
        return Promise.resolve(current);
      },
      handOver: () => undefined,
      clock: time.clock,
      logger: silentLogger,
      random: () => 0,
      signal: abort.signal,
    });
    await time.advance(10 * 60_000);
    expect(renewals).toBe(11);
    abort.abort();
    await rotating;
  });
});

test('both certificates of a node are replaced in time, and those who use them are told', async () => {
  await using setup = await setUpIdentity(start);
  setup.signing.approveAll('client');
  setup.signing.approveAll('serving');
  setup.signing.validity = { notBefore: start, notAfter: hoursLater(10) };
  const identity = await setup.establish();
  const before = { serving: identity.serving.current(), access: await identity.access.load() };
  const served: string[] = [];
  identity.serving.subscribe(({ cert }) => served.push(cert));
  let renewals = 0;
  const abort = new AbortController();
  const keeping = identity.keepFresh({
    signal: abort.signal,
    onClientRenewed: () => {
      renewals++;
      return Promise.resolve();
    },
  });
  setup.signing.validity = { notBefore: start, notAfter: hoursLater(20) };
  await setup.time.advance(7 * hour - 1);
  expect(setup.signing.requests).toHaveLength(2);
  await setup.time.advance(1);
  await eventually(() => renewals === 1 && served.length === 1);

  const after = await identity.access.load();
  expect(after.tls.key).not.toBe(before.access.tls.key);
  expect(new X509Certificate(after.tls.cert ?? '').validToDate).toEqual(hoursLater(20));
  expect(identity.serving.current().cert).toBe(served[0]);
  expect(identity.serving.current().key).not.toBe(before.serving.key);
  // The node itself asks, with the certificate that it has.
  const create = 'POST /apis/certificates.k8s.io/v1/certificatesigningrequests';
  expect(
    setup.signing.api
      .received(create)
      .slice(2)
      .map(({ clientName }) => clientName),
  ).not.toContain(undefined);
  abort.abort();
  await keeping;
});
