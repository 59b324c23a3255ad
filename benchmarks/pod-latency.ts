import { performance } from 'node:perf_hooks';
import { podManifest } from '@wasmlet/e2e/pods';
import { startWasmCluster } from '@wasmlet/e2e/wasm-cluster';
import { type Api, connectToApi } from './api.ts';
import { milliseconds, printTable, summarize } from './statistics.ts';

const oneByOne = 20;
const atOnce = 80;

/** Pod created → seen running by a watch, and deleted → gone, of a sleeping pod whose image is cached. */
export async function podLatency(): Promise<void> {
  await using cluster = await startWasmCluster();
  using api = await connectToApi(cluster.controlPlane);
  const image = cluster.images.printer;
  const body = (name: string): object => podManifest({ name, image, args: ['sleep', '3600'] });

  await lifeOf(api, body('first'), 'first'); // pulls the image
  const roundTrips: number[] = [];
  const starts: number[] = [];
  const nodeStarts: number[] = [];
  const deletions: number[] = [];
  for (let index = 0; index < oneByOne; index += 1) {
    const name = `single-${index}`;
    roundTrips.push(await timed(() => api.get(`/api/v1/namespaces/default/pods/none`)));
    const life = await lifeOf(api, body(name), name);
    starts.push(life.running);
    nodeStarts.push(life.running - life.scheduled);
    deletions.push(life.gone);
  }

  const names = Array.from({ length: atOnce }, (_, index) => `many-${index}`);
  using watch = await api.watchPods();
  const begin = performance.now();
  await Promise.all(names.map((name) => api.createPod(body(name))));
  await Promise.all(names.map((name) => watch.running(name)));
  const all = performance.now() - begin;
  const beginDeletion = performance.now();
  await Promise.all(names.map((name) => api.deletePod(name)));
  await Promise.all(names.map((name) => watch.gone(name)));
  const allGone = performance.now() - beginDeletion;

  printTable(
    `Pods on a real control plane, cached image, process tier; ${oneByOne} one after another, ${atOnce} at once`,
    ['', 'min', 'median', 'max'],
    [
      row('one request to the API server and back', roundTrips),
      row('pod created → running', starts),
      row('of that, scheduled → running', nodeStarts),
      row('pod deleted → gone', deletions),
      row(`${atOnce} pods created → all running`, [all]),
      row(`${atOnce} pods deleted → all gone`, [allGone]),
    ],
  );
}

interface Life {
  /** Milliseconds from the creation. */
  readonly scheduled: number;
  readonly running: number;
  /** Milliseconds from the deletion. */
  readonly gone: number;
}

/** One pod, created, running, deleted, gone. */
async function lifeOf(api: Api, body: object, name: string): Promise<Life> {
  using watch = await api.watchPods();
  const [scheduled, running] = await Promise.all([
    timed(() => watch.scheduled(name)),
    timed(async () => {
      await api.createPod(body);
      await watch.running(name);
    }),
  ]);
  const gone = await timed(async () => {
    await api.deletePod(name);
    await watch.gone(name);
  });
  return { scheduled, running, gone };
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await act();
  return performance.now() - begin;
}

function row(title: string, samples: readonly number[]): readonly string[] {
  const { min, median, max } = summarize(samples);
  return [title, milliseconds(min), milliseconds(median), milliseconds(max)];
}
