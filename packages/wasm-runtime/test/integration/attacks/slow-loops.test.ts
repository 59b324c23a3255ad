import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { createRuntime } from '../../../src/index.ts';
import { slowLoops } from '../../fixtures/attacking-guests.ts';
import { isolations, specIn } from '../../fixtures/start-guest.ts';

/** Milliseconds within which a guest is to be gone; the fastest of a few kills, for a machine with other work. */
const promisedMs = { process: 100, thread: 50, 'in-process': 50 } as const;
const kills = 5;

describe.each(isolations)('isolation %s:', (isolation) => {
  const runtime = createRuntime({ allowedIsolation: [isolation] });
  afterAll(() => runtime[Symbol.asyncDispose]());

  test.each(Object.entries(slowLoops))(
    '%s, for ever: gone when it is told',
    { timeout: 60_000 },
    async (_what, guest) => {
      const spec = await specIn(isolation)(guest);
      const times: number[] = [];
      for (let killed = 0; killed < kills; killed += 1) {
        const running = await runtime.start(spec);
        await delay(50 + 70 * killed);
        const begin = performance.now();
        await expect(running.stop({ graceMs: 0 })).resolves.toMatchObject({ kind: 'killed', reason: 'stop' });
        times.push(performance.now() - begin);
      }
      expect(Math.min(...times)).toBeLessThan(promisedMs[isolation]);
    },
  );
});
