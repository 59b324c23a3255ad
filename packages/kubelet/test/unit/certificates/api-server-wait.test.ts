import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import type { Logger } from '../../../src/node/logger.ts';
import { silentLogger } from '../../../src/node/logger.ts';
import { json, status } from '../../fixtures/api-server.ts';
import { eventually } from '../../fixtures/eventually.ts';
import { passSleeps, sleepOf } from '../../fixtures/wait-for-sleep.ts';
import { type IdentitySetup, setUpIdentity } from './identity-fixture.ts';

const collection = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const review = 'POST /apis/authentication.k8s.io/v1/selfsubjectreviews';

test('a node without an identity waits for an API server that comes up late', async () => {
  await using setup = await setUpIdentity();
  approveAll(setup);
  await setup.signing.api.leave();
  const warnings: object[] = [];
  const logger: Logger = { ...silentLogger, warn: (fields) => warnings.push(fields) };
  const establishing = setup.establish({ logger });
  await passSleeps(setup.time, 800, 1_600, 3_200);
  await setup.signing.api.return();
  await passSleeps(setup.time, 6_400);
  await expect(establishing).resolves.toBeDefined();
  const error = expect.stringMatching(/API server https:.*ECONNREFUSED/) as string;
  expect(warnings).toEqual([800, 1_600, 3_200, 6_400].map((delayMs) => ({ error, delayMs })));
});

test('pauses are no longer than 30 s, and stop ends them', async () => {
  await using setup = await setUpIdentity();
  await setup.signing.api.leave();
  const stop = new AbortController();
  const establishing = setup.establish({ signal: stop.signal });
  await passSleeps(setup.time, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000);
  await sleepOf(setup.time, 30_000);
  stop.abort(new Error('SIGTERM'));
  await expect(establishing).rejects.toThrow('SIGTERM');
});

test('the time for an approval begins with the request', async () => {
  await using setup = await setUpIdentity();
  setup.signing.approveAll('client');
  await setup.signing.api.leave();
  const establishing = setup.establish({ timeoutMs: 1_000 });
  establishing.catch(() => undefined);
  await passSleeps(setup.time, 800, 1_600);
  await setup.signing.api.return();
  await passSleeps(setup.time, 3_200);
  await eventually(() => setup.prompts.length === 1);
  await setup.time.advance(1_000);
  await expect(establishing).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' });
});

test('an API server that is not ready when it is asked whose token it is, is asked again', async () => {
  await using setup = await setUpIdentity();
  setup.signing.approveAll('serving');
  const answer = json({ status: { userInfo: { username: 'system:node:n1' } } });
  setup.signing.api.on(review, status(500, 'InternalError', 'etcd is away'), answer);
  await mkdir(dirname(setup.kubeconfigPath), { recursive: true });
  await writeFile(setup.kubeconfigPath, setup.signing.kubeconfig({ token: 'node-token' }));
  const establishing = setup.establish();
  await passSleeps(setup.time, 800);
  await expect(establishing).resolves.toBeDefined();
});

test('one that throttles for longer than a call waits is asked again when it says so', async () => {
  await using setup = await setUpIdentity();
  approveAll(setup);
  const identity = await setup.establish();
  const throttled = status(429, 'TooManyRequests', 'later', { 'retry-after': '5' });
  const answer = json({ status: { userInfo: { username: 'system:node:n1' } } });
  setup.signing.api.on(review, ...Array.from({ length: 6 }, () => throttled), answer);
  await writeFile(setup.kubeconfigPath, setup.signing.kubeconfig({ token: 'node-token' }));
  const again = setup.establish();
  await passSleeps(setup.time, 5_000, 5_000, 5_000, 5_000, 5_000, 5_000);
  expect((await again).serving.current()).toEqual(identity.serving.current());
});

test('one that goes away before it shows the request of an earlier start is asked again', async () => {
  await using setup = await setUpIdentity();
  setup.signing.approveAll('client');
  const stop = new AbortController();
  const first = setup.establish({ signal: stop.signal });
  await eventually(() => setup.prompts.length === 1);
  stop.abort(new Error('SIGTERM'));
  await expect(first).rejects.toThrow('SIGTERM');

  const unavailable = status(503, 'ServiceUnavailable', 'going down');
  setup.signing.api.on(`GET ${collection}/host-tls`, unavailable, json(setup.signing.requests[1]));
  const second = setup.establish();
  await passSleeps(setup.time, 800);
  await eventually(() => setup.prompts.length === 2);
  await setup.signing.approve('host-tls');
  await expect(second).resolves.toBeDefined();
});

function approveAll({ signing }: IdentitySetup): void {
  signing.approveAll('client');
  signing.approveAll('serving');
}
