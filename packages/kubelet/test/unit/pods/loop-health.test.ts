import { expect, test } from 'vitest';
import type { Health } from '../../../src/provider.ts';
import { createLoopHealth } from '../../../src/pods/loop-health.ts';
import { type VirtualClock, virtualClock } from '../../../src/testing.ts';
import { startController } from '../../fixtures/controller-fixture.ts';
import { podManifest } from '../../fixtures/pod-manifest.ts';

const stuck = { healthy: false, message: 'sync Loop took longer than expected' };

test('a loop is unhealthy while one turn takes longer than two minutes', async () => {
  const time = virtualClock();
  const loop = createLoopHealth(time.clock);
  const work = Promise.withResolvers<string>();
  const turn = loop.turn(() => work.promise);
  await time.advance(120_000);
  expect(loop.health()).toEqual({ healthy: true });
  await time.advance(1);
  expect(loop.health()).toEqual(stuck);
  work.resolve('done');
  expect(await turn).toBe('done');
  expect(loop.health()).toEqual({ healthy: true });
});

test('a loop that waits for its next turn, or whose last one failed, is healthy', async () => {
  const time = virtualClock();
  const loop = createLoopHealth(time.clock);
  await expect(loop.turn(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await time.advance(24 * 60 * 60_000);
  expect(loop.health()).toEqual({ healthy: true });
});

test('a controller is unhealthy while it takes in a change for too long', async () => {
  const { time, skip } = skippingClock();
  const seen: (Health | undefined)[] = [];
  const admission = {
    get maxPods(): number {
      seen.push(kubelet.controller.health());
      skip(121_000);
      seen.push(kubelet.controller.health());
      return 110;
    },
  };
  const runs = [{ lastsMs: 'forever' as const }];
  await using kubelet = await startController({ images: { 'test/app:1': { runs } }, admission, time });
  kubelet.apply(podManifest('p'));
  await kubelet.until('p', ({ phase }) => phase === 'Running');
  expect(seen).toEqual([{ healthy: true }, stuck]);
  expect(kubelet.controller.health()).toEqual({ healthy: true });
});

/** Virtual time that can also pass while the code of the moment runs. */
function skippingClock(): { readonly time: VirtualClock; readonly skip: (ms: number) => void } {
  const time = virtualClock();
  let skippedMs = 0;
  return {
    time: {
      clock: { ...time.clock, now: () => new Date(time.clock.now().getTime() + skippedMs) },
      advance: (ms) => time.advance(ms),
      get sleeping() {
        return time.sleeping;
      },
      get nextInMs() {
        return time.nextInMs;
      },
    },
    skip(ms) {
      skippedMs += ms;
    },
  };
}
