import { expect, test } from 'vitest';
import { createSharedWork } from '../../src/images/shared-work.ts';

/** Work that ends when it is told to, and remembers how often it began. */
function scripted() {
  const begun: PromiseWithResolvers<string>[] = [];
  const signals: AbortSignal[] = [];
  return {
    begun,
    signals,
    start: (signal: AbortSignal): Promise<string> => {
      const work = Promise.withResolvers<string>();
      begun.push(work);
      signals.push(signal);
      signal.addEventListener('abort', () => work.reject(signal.reason as Error), { once: true });
      return work.promise;
    },
  };
}

test('what several want at the same time is done once', async () => {
  const shared = createSharedWork<string>();
  const { begun, start } = scripted();
  const results = [shared.run('a', start, undefined), shared.run('a', start, undefined)];
  begun[0]?.resolve('done');
  expect(await Promise.all(results)).toEqual(['done', 'done']);
  expect(begun).toHaveLength(1);
});

test('what is over is done again', async () => {
  const shared = createSharedWork<string>();
  const { begun, start } = scripted();
  const failing = shared.run('a', start, undefined);
  begun[0]?.reject(new Error('no'));
  await expect(failing).rejects.toThrow('no');
  const again = shared.run('a', start, undefined);
  begun[1]?.resolve('done');
  expect(await again).toBe('done');
});

test('one who leaves does not end it for the others', async () => {
  const shared = createSharedWork<string>();
  const { begun, signals, start } = scripted();
  const controller = new AbortController();
  const leaving = shared.run('a', start, controller.signal);
  const staying = shared.run('a', start, undefined);
  controller.abort(new Error('enough'));
  await expect(leaving).rejects.toThrow('enough');
  expect(signals[0]?.aborted).toBe(false);
  begun[0]?.resolve('done');
  expect(await staying).toBe('done');
});

test('it ends with the last one who leaves, and nobody joins it then', async () => {
  const shared = createSharedWork<string>();
  const { begun, signals, start } = scripted();
  const controllers = [new AbortController(), new AbortController()];
  const leaving = controllers.map(({ signal }) => shared.run('a', start, signal));
  for (const controller of controllers) controller.abort(new Error('enough'));
  for (const promise of leaving) await expect(promise).rejects.toThrow('enough');
  expect(signals[0]?.aborted).toBe(true);
  const next = shared.run('a', start, undefined);
  begun[1]?.resolve('new');
  expect(await next).toBe('new');
});
