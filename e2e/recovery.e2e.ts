import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { stillRunning, untilGone } from './fixtures/process-tree.ts';
import { describeWith } from './fixtures/requirements.ts';
import { startWasmCluster, type WasmCluster } from './fixtures/wasm-cluster.ts';

const goneWithinMs = 2_000;

await describeWith('a node that comes back', ['control plane', 'registry'], () => {
  let cluster: WasmCluster;

  beforeAll(async () => {
    cluster = await startWasmCluster();
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') cluster.keepLogs();
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  test('after kill -9 runs what must run again, and nothing that was done', async () => {
    const { node, pods, images } = cluster;
    await pods.run({ name: 'done', image: images.printer, args: ['say', 'once'] });
    await pods.run({
      name: 'server',
      image: images.printer,
      args: ['say', 'serving', 'sleep', '3600'],
      restartPolicy: 'Always',
    });
    await pods.run({ name: 'one-shot', image: images.printer, args: ['loop'], restartPolicy: 'Never' });
    const done = await pods.phase('done', 'Succeeded');
    await pods.phase('server', 'Running');
    await pods.phase('one-shot', 'Running');

    const guests = node.guestHosts();
    expect(guests.length).toBeGreaterThanOrEqual(2);
    await node.end('SIGKILL');
    expect(await untilGone(guests, goneWithinMs)).toEqual([]);

    await node.start();
    const server = await pods.container('server', '.restartCount', '1');
    expect(server.status.containerStatuses?.[0]?.lastState.terminated).toBeDefined();
    await pods.container('server', '.ready', 'true');
    expect(await pods.logs('server')).toBe('serving\n');
    expect(await pods.logs('server', '--previous')).toBe('serving\n');
    const oneShot = await pods.phase('one-shot', 'Failed');
    expect(oneShot.status.containerStatuses?.[0]?.restartCount).toBe(0);
    const after = await cluster.kubectl.get<typeof done>('pod', 'done');
    expect(after.status.phase).toBe('Succeeded');
    expect(after.status.containerStatuses).toEqual(done.status.containerStatuses);
    expect(await pods.logs('done')).toBe('once\n');
    await pods.delete('done', 'server', 'one-shot');
  });

  test('after SIGTERM has left its pods unfinished, stopped its guests and ended with 0', async () => {
    const { node, pods, images, kubectl } = cluster;
    await pods.run({
      name: 'patient',
      image: images.printer,
      args: ['say', 'up', 'sleep', '3600'],
      restartPolicy: 'OnFailure',
    });
    await pods.phase('patient', 'Running');
    const guests = node.guestHosts();
    expect(await node.end('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await untilGone(guests, goneWithinMs)).toEqual([]);
    const left = await kubectl.get<{ status: { phase: string } }>('pod', 'patient');
    expect(['Running', 'Pending']).toContain(left.status.phase);
    await node.start();
    await pods.container('patient', '.restartCount', '1');
    await pods.container('patient', '.ready', 'true');
    await pods.delete('patient');
  });

  test('after the API server was away reports what happened meanwhile', async ({ skip }) => {
    const { controlPlane, node, pods, images } = cluster;
    if (controlPlane.own === undefined) return skip('an existing cluster is not ours to stop');
    await pods.run({ name: 'short', image: images.printer, args: ['sleep', '4', 'exit', '5'] });
    await pods.phase('short', 'Running');
    await controlPlane.own.stopApiServer();
    await delay(6_000); // the guest ends while nobody can be told
    await controlPlane.own.startApiServer();
    const short = await pods.phase('short', 'Failed', '90s');
    expect(short.status.containerStatuses?.[0]).toMatchObject({
      restartCount: 0,
      state: { terminated: { exitCode: 5 } },
    });
    await pods.run({ name: 'next', image: images.hello });
    await pods.phase('next', 'Succeeded');
    expect(stillRunning([node.daemon.pid])).toHaveLength(1);
    await pods.delete('short', 'next');
  });
});
