import { expect, test } from 'vitest';
import { createImagePuller } from '../../../src/containers/image-puller.ts';
import type { ImagePull, PulledImage } from '../../../src/provider.ts';

const request: ImagePull = { reference: 'i', policy: 'Always', credentials: [] };

/** A puller whose pulls end when they are told to. */
function setUp(maxParallel: number) {
  const pulls: PromiseWithResolvers<PulledImage>[] = [];
  const puller = createImagePuller(
    {
      pullImage() {
        const pull = Promise.withResolvers<PulledImage>();
        pulls.push(pull);
        return pull.promise;
      },
    },
    { maxParallel },
  );
  return { puller, pulls };
}

async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test('no more pulls than allowed go on at a time, and each end lets the next begin', async () => {
  const { puller, pulls } = setUp(2);
  const all = Array.from({ length: 5 }, () => puller.pull(request));
  await settle();
  expect(pulls).toHaveLength(2);
  pulls[0]?.resolve({} as PulledImage);
  pulls[1]?.reject(new Error('no'));
  await expect(all[1]).rejects.toThrow('no');
  await settle();
  expect(pulls).toHaveLength(4);
  for (const index of [2, 3]) pulls[index]?.resolve({} as PulledImage);
  await settle();
  pulls[4]?.resolve({} as PulledImage);
  await Promise.all(all.toSpliced(1, 1));
});

test('a pull that is given up while it waits takes no turn', async () => {
  const { puller, pulls } = setUp(1);
  const first = puller.pull(request);
  const abort = new AbortController();
  const second = puller.pull(request, { signal: abort.signal });
  const third = puller.pull(request);
  abort.abort(new Error('deleted'));
  await expect(second).rejects.toThrow('deleted');
  pulls[0]?.resolve({} as PulledImage);
  await first;
  await settle();
  expect(pulls).toHaveLength(2);
  pulls[1]?.resolve({} as PulledImage);
  await third;
});
