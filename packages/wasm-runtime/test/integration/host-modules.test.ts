import { afterAll, describe, expect, test } from 'vitest';
import { createRuntime } from '../../src/index.ts';
import { guests } from '../fixtures/guests.ts';
import { probe, probeGuest, probeUrl } from '../fixtures/probe.ts';
import { finish, specOf } from '../fixtures/start-guest.ts';

const runtime = createRuntime({ hostModules: [probeUrl] });
afterAll(() => runtime[Symbol.asyncDispose]());

describe('a host module', () => {
  test.each(['act', 'wait'] as const)('answers calls of the guest: %s', async (call) => {
    const { exit } = await probe(runtime, 'answer', { call });
    expect(exit).toMatchObject({ kind: 'exited', code: 42 });
  });

  test('sees the memory of the guest', async () => {
    const { exit } = await probe(runtime, 'memory size');
    expect(exit).toMatchObject({ kind: 'exited', code: 2 * 65_536 });
  });

  test('is told to load once for a guest that imports from it', async () => {
    const { exit } = await probe(runtime, 'loads');
    expect(exit).toMatchObject({ kind: 'exited', code: 1 });
  });

  test.each(['act', 'wait'] as const)(
    'that throws traps the guest, which cannot catch it: %s',
    async (call) => {
      const { exit } = await probe(runtime, 'throw', { call });
      expect(exit).toMatchObject({ kind: 'trapped', trap: 'other' });
      expect(exit).toHaveProperty(
        'message',
        expect.stringContaining('a host function failed: no answer today'),
      );
    },
  );

  test('reports to the application, and closes in reverse order before the end is told', async () => {
    const { reports } = await probe(runtime, 'report');
    expect(reports).toEqual(
      [{ kind: 'seen' }, 'closed last registered', 'closed first registered'].map((report) => ({
        module: probeUrl,
        report,
        dropped: 0,
      })),
    );
  });

  test('that reports too much is heard a bounded number of times', async () => {
    const { reports } = await probe(runtime, 'many reports');
    expect(reports.length).toBeGreaterThanOrEqual(20);
    expect(reports.length).toBeLessThan(40);
  });

  test('that reports what is no JSON does no harm', async () => {
    const { exit, reports } = await probe(runtime, 'unsendable report');
    expect(exit).toMatchObject({ kind: 'exited', code: 0 });
    expect(reports[0]).toMatchObject({ report: { kind: 'after' }, dropped: 1 });
  });

  test('must be one of those that the runtime was given', async () => {
    const use = { url: 'file:///other.js', contract: 1, config: null } as const;
    const start = runtime.start(await specOf(guests.hello, { hostModules: [use] }));
    await expect(start).rejects.toMatchObject({ code: 'HOST_MODULE' });
  });

  test('must speak the contract', async () => {
    const url = new URL('../fixtures/broken.host.ts', import.meta.url).href;
    await using broken = createRuntime({ hostModules: [url] });
    const start = broken.start(await specOf(guests.hello));
    await expect(start).rejects.toMatchObject({
      code: 'HOST_MODULE',
      message: expect.stringContaining('contract 1') as unknown,
    });
  });

  test('that is missing fails the start with its name', async () => {
    await using broken = createRuntime({ hostModules: ['file:///missing.js'] });
    const start = broken.start(await specOf(guests.hello));
    await expect(start).rejects.toMatchObject({
      code: 'HOST_MODULE',
      message: expect.stringContaining('file:///missing.js') as unknown,
    });
  });

  test('gives a guest nothing that its spec does not name', async () => {
    const start = runtime.start(await specOf(probeGuest('act')));
    await expect(start).rejects.toMatchObject({
      code: 'UNKNOWN_IMPORT',
      message: expect.stringContaining('probe.act') as unknown,
    });
  });
});

describe('a guest host that went wrong', () => {
  test.each(['garbage', 'oversize frame', 'unknown message', 'close the wire and stay'])(
    'is ended and told as such: %s',
    async (step) => {
      const { exit } = await probe(runtime, step, { limits: { timeoutMs: 20_000 } });
      expect(exit).toMatchObject({ kind: 'killed', reason: 'host-closed' });
    },
  );

  test('is ended when it sends more output than was asked for', async () => {
    const use = { url: probeUrl, contract: 1, config: { steps: ['more output than asked for'] } } as const;
    const guest = await runtime.start(await specOf(probeGuest('act'), { hostModules: [use] }));
    // Nobody reads its output.
    await expect(guest.exited).resolves.toMatchObject({ kind: 'killed', reason: 'host-closed' });
  });

  test('is told with its last words, and the next guest runs', async () => {
    const { exit } = await probe(runtime, 'crash');
    expect(exit).toMatchObject({ kind: 'killed', reason: 'host-closed' });
    expect(exit).toHaveProperty('message', expect.stringContaining('SIGABRT'));
    const { stdout } = await finish(await runtime.start(await specOf(guests.hello)));
    expect(stdout).toBe('Hello, World!\n');
  });
});
