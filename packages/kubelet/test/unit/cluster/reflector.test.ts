import { describe, expect, test } from 'vitest';
import { type Listed, reflect } from '../../../src/cluster/api-server/reflector.ts';
import { createTransport } from '../../../src/cluster/api-server/transport.ts';
import { silentLogger } from '../../../src/node/logger.ts';
import { virtualClock } from '../../../src/testing/virtual-clock.ts';
import { json, type ScriptedApi, startApi, status, watching } from '../../fixtures/api-server.ts';
import { eventually } from '../../fixtures/eventually.ts';
import { passSleeps, sleepOf } from '../../fixtures/wait-for-sleep.ts';

const list = 'GET /api/v1/pods';
const watch = 'WATCH /api/v1/pods';

function object(name: string, version: number, uid = `uid-${name}`): Listed {
  return { metadata: { namespace: 'ns', name, uid, resourceVersion: String(version) } };
}

function listed(version: number, items: readonly Listed[], next?: string): ReturnType<typeof json> {
  return json({ kind: 'PodList', metadata: { resourceVersion: String(version), continue: next }, items });
}

interface Setup extends AsyncDisposable {
  readonly api: ScriptedApi;
  readonly time: ReturnType<typeof virtualClock>;
  /** What was yielded so far: `added a@1`, `synced`. */
  readonly seen: readonly string[];
  until(count: number): Promise<readonly string[]>;
}

/** Starts to reflect when the answers are there. */
async function setUp(script: (api: ScriptedApi) => void): Promise<Setup> {
  const api = await startApi();
  script(api);
  const time = virtualClock();
  const transport = createTransport({ access: api.access, clock: time.clock });
  const abort = new AbortController();
  const seen: string[] = [];
  const run = async (): Promise<void> => {
    const deltas = reflect({
      transport,
      path: '/api/v1/pods',
      fieldSelector: 'spec.nodeName=n1',
      parse: (json_) => ((json_ as Listed).metadata.uid ? (json_ as Listed) : undefined),
      signal: abort.signal,
      clock: time.clock,
      logger: silentLogger,
      random: () => 0,
      shared: false,
    });
    for await (const delta of deltas) {
      if (delta.type === 'synced') seen.push('synced');
      else {
        const { name, resourceVersion } = delta.object.metadata;
        seen.push(`${delta.type} ${name}@${resourceVersion}`);
      }
    }
  };
  const running = run();
  return {
    api,
    time,
    seen,
    async until(count) {
      await eventually(
        () => seen.length >= count,
        () => `${count} of ${JSON.stringify(seen)}`,
      );
      return seen.slice(0, count);
    },
    async [Symbol.asyncDispose]() {
      abort.abort();
      await running;
      expect(time.sleeping).toBe(0);
      await transport[Symbol.asyncDispose]();
      await api[Symbol.asyncDispose]();
    },
  };
}

describe('a reflector', () => {
  test('lists page by page, then watches from there with bookmarks', async () => {
    const stream = watching();
    await using setup = await setUp((api) => {
      api.on(list, listed(10, [object('a', 1)], 'page2'), listed(10, [object('b', 2)]));
      api.on(watch, stream.answer);
    });
    stream.send('MODIFIED', object('a', 11));
    stream.send('ADDED', object('c', 12));
    stream.send('DELETED', object('b', 13));
    expect(await setup.until(6)).toEqual([
      'added a@1',
      'added b@2',
      'synced',
      'modified a@11',
      'added c@12',
      'deleted b@13',
    ]);
    expect(setup.api.received(list).map(({ query }) => query)).toEqual([
      { limit: '500', fieldSelector: 'spec.nodeName=n1' },
      { limit: '500', fieldSelector: 'spec.nodeName=n1', continue: 'page2' },
    ]);
    expect(setup.api.received(watch).map(({ query }) => query)).toEqual([
      {
        watch: 'true',
        allowWatchBookmarks: 'true',
        timeoutSeconds: '300',
        resourceVersion: '10',
        fieldSelector: 'spec.nodeName=n1',
      },
    ]);
  });

  test('resumes a watch that ended, at once, from the last event or bookmark', async () => {
    const [first, second, third] = [watching(), watching(), watching()];
    await using setup = await setUp((api) => {
      api.on(list, listed(10, []));
      api.on(watch, first.answer, second.answer, third.answer);
    });
    first.send('ADDED', object('a', 11));
    await setup.until(2);
    first.end();
    await setup.api.request(watch, 2);
    second.send('BOOKMARK', { metadata: { resourceVersion: '50' } });
    second.end();
    await setup.api.request(watch, 3);
    expect(setup.api.received(watch).map(({ query }) => query['resourceVersion'])).toEqual([
      '10',
      '11',
      '50',
    ]);
    expect(setup.api.received(list)).toHaveLength(1);
    expect(setup.time.clock.now().toISOString()).toBe('2026-01-01T00:00:00.000Z');
  });

  test.each([
    ['in the stream', 'event'],
    ['as an answer', 'answer'],
  ] as const)(
    'lists again when its version is too old (%s) and tells what has changed',
    async (_title, how) => {
      const [first, last] = [watching(), watching()];
      await using setup = await setUp((api) => {
        api.on(
          list,
          listed(10, [object('same', 1), object('changed', 2), object('gone', 3), object('other', 4)]),
          listed(90, [
            object('same', 1),
            object('changed', 80),
            object('other', 81, 'uid-2'),
            object('new', 82),
          ]),
        );
        if (how === 'event') api.on(watch, first.answer, last.answer);
        else api.on(watch, first.answer, status(410, 'Expired', 'too old resource version'), last.answer);
      });
      first.send('BOOKMARK', { metadata: { resourceVersion: '20' } });
      if (how === 'event')
        first.send('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' });
      else first.end();
      expect((await setup.until(11)).slice(5)).toEqual([
        'deleted gone@3',
        'deleted other@4',
        'modified changed@80',
        'added other@81',
        'added new@82',
        'synced',
      ]);
      await setup.api.request(watch, how === 'event' ? 2 : 3);
      expect(setup.api.received(watch).at(-1)?.query['resourceVersion']).toBe('90');
    },
  );

  test('backs off when every version is too old, however often it lists', async () => {
    await using setup = await setUp((api) => {
      api.on(list, listed(10, []));
      api.on(watch, status(410, 'Expired', 'too old'));
    });
    await passSleeps(setup.time, 800, 1_600, 3_200);
    await sleepOf(setup.time, 6_400);
    expect(setup.api.received(list)).toHaveLength(4);
  });

  test('lives through a server that is away: waits 0.8 s to 30 s, resumes, and lists nothing anew', async () => {
    const [first, second] = [watching(), watching()];
    await using setup = await setUp((api) => {
      api.on(list, listed(10, []));
      api.on(watch, first.answer, second.answer);
    });
    first.send('ADDED', object('a', 11));
    await setup.until(2);
    await setup.api.leave();
    await passSleeps(setup.time, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000);
    await setup.api.return();
    await passSleeps(setup.time, 30_000);
    second.send('ADDED', object('b', 12));
    expect(await setup.until(3)).toEqual(['synced', 'added a@11', 'added b@12']);
    expect(setup.api.received(list)).toHaveLength(1);
    expect(setup.api.received(watch).at(-1)?.query['resourceVersion']).toBe('11');
  });

  test('waits for a server that is away at the start, and as long as Retry-After says', async () => {
    const stream = watching();
    await using setup = await setUp((api) => {
      api.on(list, status(500, 'InternalError', 'etcd'), status(403, 'Forbidden', 'no'), listed(10, []));
      api.on(watch, stream.answer);
    });
    await passSleeps(setup.time, 800, 1_600);
    expect(await setup.until(1)).toEqual(['synced']);
  });

  test('takes a watch that is silent for two minutes for dead', async () => {
    const [first, second] = [watching(), watching()];
    await using setup = await setUp((api) => {
      api.on(list, listed(10, []));
      api.on(watch, first.answer, second.answer);
    });
    await setup.api.request(watch);
    await setup.time.advance(119_000);
    first.send('BOOKMARK', { metadata: { resourceVersion: '20' } });
    first.send('ADDED', object('a', 21));
    await setup.until(2);
    await setup.time.advance(119_000);
    expect(setup.api.received(watch)).toHaveLength(1);
    await setup.time.advance(1_000);
    await passSleeps(setup.time, 800);
    const { query } = await setup.api.request(watch, 2);
    expect(query['resourceVersion']).toBe('21');
  });

  test('does not dial in a loop when watches end at once', async () => {
    await using setup = await setUp((api) => {
      api.on(list, listed(10, []));
      api.on(watch, (_request, response) => void response.end());
    });
    await passSleeps(setup.time, 800, 1_600);
    await sleepOf(setup.time, 3_200);
    expect(setup.api.received(watch)).toHaveLength(3);
  });

  test('loses nothing and doubles nothing when a line is cut in the middle', async () => {
    const [first, second] = [watching(), watching()];
    await using setup = await setUp((api) => {
      api.on(list, listed(10, []));
      api.on(watch, first.answer, second.answer);
    });
    const line = JSON.stringify({ type: 'ADDED', object: object('a', 11) });
    first.write(line.slice(0, 20));
    first.write(`${line.slice(20)}\n${line.slice(0, 30)}`);
    await setup.until(2);
    first.destroy();
    await passSleeps(setup.time, 800);
    second.send('ADDED', object('b', 12));
    expect(await setup.until(3)).toEqual(['synced', 'added a@11', 'added b@12']);
  });

  test('passes over what it cannot use and what it has seen', async () => {
    const stream = watching();
    await using setup = await setUp((api) => {
      api.on(list, listed(10, [object('a', 5)]));
      api.on(watch, stream.answer);
    });
    stream.send('MODIFIED', { metadata: { name: 'no-uid' } });
    stream.send('MODIFIED', object('a', 5));
    stream.send('DELETED', object('never-seen', 12));
    stream.send('MODIFIED', object('a', 13, 'uid-2'));
    expect(await setup.until(4)).toEqual(['added a@5', 'synced', 'deleted a@5', 'added a@13']);
  });
});
