import { describe, expect, test } from 'vitest';
import { createEventRecorder, type EventRecorder } from '../../../src/cluster/api-server/event-recorder.ts';
import { createTransport } from '../../../src/cluster/api-server/transport.ts';
import type { KubeEvent } from '../../../src/cluster/cluster.ts';
import { silentLogger } from '../../../src/node/logger.ts';
import { virtualClock } from '../../../src/testing/virtual-clock.ts';
import { type Answer, json, type ScriptedApi, startApi, status } from '../../fixtures/api-server.ts';
import { passSleeps } from '../../fixtures/wait-for-sleep.ts';

const create = 'POST /api/v1/namespaces/ns/events';
const node: KubeEvent = {
  regarding: { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'n1' },
  type: 'Normal',
  reason: 'NodeReady',
  message: 'Node n1 status is now: NodeReady',
};

function event(message: string): KubeEvent {
  return {
    regarding: {
      apiVersion: 'v1',
      kind: 'Pod',
      namespace: 'ns',
      name: 'p',
      uid: 'u',
      fieldPath: 'spec.containers{c}',
    },
    type: 'Warning',
    reason: 'BackOff',
    message,
  };
}

async function setUp(...answers: Answer[]): Promise<
  AsyncDisposable & {
    readonly api: ScriptedApi;
    readonly recorder: EventRecorder;
    readonly time: ReturnType<typeof virtualClock>;
  }
> {
  const api = await startApi();
  api.on(create, ...(answers.length === 0 ? [json({}, 201)] : answers));
  const time = virtualClock();
  const transport = createTransport({ access: api.access, clock: time.clock });
  const recorder = createEventRecorder({
    transport,
    nodeName: 'n1',
    clock: time.clock,
    logger: silentLogger,
    random: () => 0,
  });
  return {
    api,
    recorder,
    time,
    async [Symbol.asyncDispose]() {
      await recorder[Symbol.asyncDispose]();
      await transport[Symbol.asyncDispose]();
      await api[Symbol.asyncDispose]();
      expect(time.sleeping).toBe(0);
    },
  };
}

interface Body {
  readonly metadata: { readonly name: string };
  readonly message: string;
}

describe('an event recorder', () => {
  test('writes what a kubelet writes', async () => {
    await using setup = await setUp();
    setup.recorder.record(event('Back-off restarting'));
    const { body } = await setup.api.request(create);
    expect(body).toEqual({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: expect.stringMatching(/^p\.[0-9a-f]{16}$/) as string, namespace: 'ns' },
      involvedObject: event('').regarding,
      type: 'Warning',
      reason: 'BackOff',
      message: 'Back-off restarting',
      count: 1,
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:00Z',
      source: { component: 'kubelet', host: 'n1' },
      reportingComponent: 'kubelet',
      reportingInstance: 'n1',
    });
  });

  test('writes events of the node into the default namespace', async () => {
    await using setup = await setUp();
    const operation = 'POST /api/v1/namespaces/default/events';
    setup.api.on(operation, json({}, 201));
    setup.recorder.record(node);
    expect((await setup.api.request(operation)).body).toMatchObject({ involvedObject: { name: 'n1' } });
  });

  test('counts repeats on the first object', async () => {
    await using setup = await setUp();
    setup.recorder.record(event('m'));
    const { body } = await setup.api.request(create);
    const patch = `PATCH /api/v1/namespaces/ns/events/${(body as Body).metadata.name}`;
    setup.api.on(patch, json({}));
    await setup.time.advance(5_000);
    setup.recorder.record(event('m'));
    const repeated = await setup.api.request(patch);
    expect(repeated.body).toEqual({ count: 2, lastTimestamp: '2026-01-01T00:00:05Z', message: 'm' });
    expect(repeated.headers['content-type']).toBe('application/strategic-merge-patch+json');
  });

  test('makes the object again when the server has let go of it, with the count so far', async () => {
    await using setup = await setUp();
    setup.recorder.record(event('m'));
    await setup.api.request(create);
    setup.recorder.record(event('m'));
    expect((await setup.api.request(create, 2)).body).toMatchObject({ count: 2 });
  });

  test('waits for a server that is away, in the order of the events', async () => {
    await using setup = await setUp(status(503, '', 'starting'), status(500, '', 'etcd'), json({}, 201));
    setup.recorder.record(event('first'));
    setup.recorder.record(event('second'));
    await passSleeps(setup.time, 800, 1_600);
    await setup.api.request(create, 4);
    const messages = setup.api.received(create).map(({ body }) => (body as Body).message);
    expect(messages).toEqual(['first', 'first', 'first', 'second']);
  });

  test.each([
    [403, 'Forbidden'],
    [404, 'NotFound'],
    [422, 'Invalid'],
  ])('drops an event that is refused with %d and goes on', async (code, reason) => {
    await using setup = await setUp(status(code, reason, 'no'), json({}, 201));
    setup.recorder.record(event('refused'));
    setup.recorder.record(event('next'));
    await setup.api.request(create, 2);
    expect(setup.time.sleeping).toBe(0);
  });

  test('takes an object that exists already for the one that it has sent', async () => {
    await using setup = await setUp(status(409, 'AlreadyExists', 'there'), json({}, 201));
    setup.recorder.record(event('m'));
    setup.recorder.record(event('next'));
    await setup.api.request(create, 2);
    expect(setup.api.received(create)).toHaveLength(2);
  });

  test('writes what waits before it is disposed, and takes nothing afterwards', async () => {
    await using setup = await setUp();
    for (let index = 0; index < 5; index++) setup.recorder.record(event(`m${index}`));
    await setup.recorder[Symbol.asyncDispose]();
    expect(setup.api.received(create)).toHaveLength(5);
    setup.recorder.record(event('late'));
    await setup.recorder[Symbol.asyncDispose]();
    expect(setup.api.received(create)).toHaveLength(5);
  });

  test('holds 1,000 events for a server that is away and drops those that come then', async () => {
    await using setup = await setUp(status(503, '', 'away'));
    for (let index = 0; index < 1_100; index++) {
      setup.recorder.record({ ...event('m'), regarding: { ...event('m').regarding, uid: `u${index}` } });
    }
    await setup.api.request(create);
    setup.api.on(create, json({}, 201));
    await passSleeps(setup.time, 800);
    await setup.recorder[Symbol.asyncDispose]();
    // One more was on its way already.
    expect(setup.api.received(create).length - 1).toBeLessThanOrEqual(1_001);
  });
});
