import { summarize, printTable } from '../statistics.ts';
import { type Contender, startInTier, startJco, startServer, startWasmtime } from './contenders.ts';
import { useOf } from './process-tree.ts';
import { type Load, loadWithWrk } from './wrk.ts';

const rounds = 5;
const seconds = 2;
const plain = 'node:http';

interface Sample extends Load {
  readonly cpuMicroseconds: number;
  readonly privateBytes: number;
  /** Of the requests that `node:http` answered in the same round. */
  readonly ratio: number;
}

/** Requests per second of a component that answers with a line, beside `node:http` with the same answer. */
export async function serving(title: string, component: string): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const started: Contender[] = [];
  const add = async (starting: Promise<Contender | undefined>): Promise<void> => {
    const contender = await starting;
    if (contender) started.push(stack.use(contender));
  };
  await add(startServer(plain, 'hello'));
  await add(startServer('createHandler, reused, sync', 'handler-reused-sync', component));
  await add(startServer('createHandler, reused, suspend', 'handler-reused', component));
  await add(startServer('createHandler, fresh, sync', 'handler-fresh-sync', component));
  await add(startServer('createHandler, fresh, suspend', 'handler-fresh', component));
  await add(startServer('serveComponent, reused, sync', 'serve-reused-sync', component));
  for (const tier of ['thread', 'process']) {
    await add(startInTier(`${tier} tier, reused, sync`, tier, 'reused-sync', component));
    await add(startInTier(`${tier} tier, fresh, suspend`, tier, 'fresh', component));
  }
  await add(startJco('jco serve', component));
  await add(startWasmtime(component));
  report(title, await interleave(started));
}

/** The same for a component of which an instance answers one request. */
export async function servingFresh(title: string, component: string): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const started = [stack.use(await startServer(plain, 'hello'))];
  started.push(stack.use(await startServer('createHandler, fresh, suspend', 'handler-fresh', component)));
  const name = 'jco serve --isolate-requests instance';
  const peer = await startJco(name, component, ['--isolate-requests', 'instance']);
  if (peer) started.push(stack.use(peer));
  report(title, await interleave(started));
}

async function interleave(contenders: readonly Contender[]): Promise<ReadonlyMap<string, readonly Sample[]>> {
  const samples = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]));
  for (let round = -1; round < rounds; round += 1) {
    let peer = Number.NaN;
    for (const { name, url, pid } of contenders) {
      const before = await useOf(pid);
      const load = await loadWithWrk(url, seconds);
      const after = await useOf(pid);
      if (name === plain) peer = load.perSecond;
      const sample = {
        ...load,
        cpuMicroseconds: ((after.cpuMs - before.cpuMs) / load.requests) * 1_000,
        privateBytes: after.privateBytes,
        ratio: load.perSecond / peer,
      };
      if (round >= 0) samples.get(name)?.push(sample);
    }
  }
  return samples;
}

function report(title: string, samples: ReadonlyMap<string, readonly Sample[]>): void {
  const median = (of: readonly Sample[], field: keyof Sample): number =>
    summarize(of.map((sample) => sample[field])).median;
  printTable(
    `${title}; ${rounds} rounds of ${seconds} s interleaved, medians`,
    ['', 'requests/s', `of ${plain}`, 'CPU per request', 'p50', 'p99', 'private memory'],
    [...samples].map(([name, of]) => [
      name,
      median(of, 'perSecond').toFixed(0),
      median(of, 'ratio').toFixed(3),
      `${median(of, 'cpuMicroseconds').toFixed(1)} µs`,
      `${median(of, 'p50Ms').toFixed(2)} ms`,
      `${median(of, 'p99Ms').toFixed(2)} ms`,
      `${(median(of, 'privateBytes') / 2 ** 20).toFixed(0)} MB`,
    ]),
  );
}
