import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { type ComplianceCheck, containerSpec, openPod, podSpec, start } from './compliance-node.ts';

/** How a provider opens and closes pods. */
export const podCases: readonly ComplianceCheck[] = [
  {
    name: 'opens a pod once, however often it is asked to',
    async check(setup) {
      const spec = await podSpec(setup);
      const [first, second] = await Promise.all([setup.provider.openPod(spec), setup.provider.openPod(spec)]);
      assert.equal(first, second);
      assert.equal(await setup.provider.openPod(spec), first);
      await first[Symbol.asyncDispose]();
    },
  },
  {
    name: 'opens a pod anew after it was closed',
    async check(setup) {
      const first = await openPod(setup);
      await first[Symbol.asyncDispose]();
      await using second = await openPod(setup);
      assert.notEqual(second, first);
      const { container } = await start(setup, second, setup.printer);
      assert.equal((await container.exited).exitCode, 0);
    },
  },
  {
    name: 'gives pods addresses that the API server takes, or none',
    async check(setup) {
      await using pod = await openPod(setup);
      assert.equal(new Set(pod.ips).size, pod.ips.length);
      for (const ip of pod.ips) assert.notEqual(isIP(ip), 0, `${ip} is no address`);
    },
  },
  {
    name: 'closes a pod twice as once',
    async check(setup) {
      const pod = await openPod(setup);
      await pod[Symbol.asyncDispose]();
      await pod[Symbol.asyncDispose]();
    },
  },
  {
    name: 'kills what runs in a pod that is closed',
    async check(setup) {
      const pod = await openPod(setup);
      const { container } = await start(setup, pod, setup.lasting);
      await pod[Symbol.asyncDispose]();
      const { exitCode, reason } = await container.exited;
      assert.ok(exitCode === 137 || exitCode === 143, `it ended with ${exitCode}`);
      assert.equal(reason, 'Error');
    },
  },
  {
    name: 'starts nothing in a pod that is closed',
    async check(setup) {
      const pod = await openPod(setup);
      const spec = await containerSpec(setup, setup.printer);
      await pod[Symbol.asyncDispose]();
      await assert.rejects(pod.startContainer(spec));
    },
  },
  {
    name: 'leaves other pods alone when one is closed',
    async check(setup) {
      const [one, other] = [await openPod(setup, 'uid-1'), await openPod(setup, 'uid-2')];
      const doomed = await start(setup, one, setup.lasting, { name: 'doomed' });
      const spared = await start(setup, other, setup.lasting, { name: 'spared' });
      await one[Symbol.asyncDispose]();
      await doomed.container.exited;
      const state = await Promise.race([spared.container.exited, Promise.resolve('running' as const)]);
      assert.equal(state, 'running');
      const late = await start(setup, other, setup.printer, { name: 'late' });
      assert.equal((await late.container.exited).exitCode, 0);
      await other[Symbol.asyncDispose]();
      await spared.container.exited;
    },
  },
];
