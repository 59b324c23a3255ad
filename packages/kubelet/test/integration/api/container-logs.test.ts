import { appendFile, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ContainerSnapshot } from '../../../src/pods/pod-snapshot.ts';
import { eventually } from '../../fixtures/eventually.ts';
import { criLine, type KubeletApi, podSnapshot, startKubeletApi } from './kubelet-api.ts';

// Where a process can look at its own files.
const isLinux = process.platform === 'linux';

let api: KubeletApi;

beforeEach(async () => {
  api = await startKubeletApi();
});
afterEach(() => api[Symbol.asyncDispose]());

const logs = '/containerLogs/default/web/main';

describe('the log of a container', () => {
  beforeEach(async () => {
    const pod = podSnapshot('web', { attempt: 3, previousAttempt: 2 });
    api.pods.push(pod);
    await api.writeLog(pod, 'main', 2, criLine(1, 'of the run before'));
    const lines = [criLine(10, 'one'), criLine(20, 'two', 'stderr'), criLine(30, 'three')];
    await api.writeLog(pod, 'main', 3, lines.join(''));
  });

  test('is plain text, the lines without the format of the file', async () => {
    const { status, body, headers } = await api.ask(logs);
    expect({ status, body }).toEqual({ status: 200, body: 'one\ntwo\nthree\n' });
    expect(headers['content-type']).toBe('text/plain');
    expect(headers['transfer-encoding']).toBe('chunked');
  });

  test.each([
    ['tailLines=1', 'three\n'],
    ['tail=2', 'two\nthree\n'],
    ['tail=all', 'one\ntwo\nthree\n'],
    ['tailLines=0', ''],
    ['limitBytes=5', 'one\nt'],
    ['sinceTime=2026-01-01T00:00:20Z', 'two\nthree\n'],
    ['sinceTime=2999-01-01T00:00:00Z', ''],
    ['sinceSeconds=1', ''],
    ['stream=Stderr', 'two\n'],
    ['stream=Stdout&follow=true', 'one\nthree\n'],
    ['tailLines=1&timestamps=true', '2026-01-01T00:00:30.000000000Z three\n'],
    ['previous=true', 'of the run before\n'],
    ['previous=true&follow=true', 'of the run before\n'],
  ])('with %s is %j', async (query, body) => {
    expect(await api.ask(`${logs}?${query}`)).toMatchObject({ status: 200, body });
  });

  test.each([
    ['tailLines=some', 400, '{"message":"Unable to decode query."'],
    ['sinceTime=yesterday', 400, '{"message":"Unable to decode query."'],
    ['tailLines=-1', 422, '{"message":"Invalid request."'],
    ['sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z', 422, '{"message":"Invalid request."'],
    ['stream=Stdin', 422, '{"message":"Invalid request."'],
  ])('with %s is %i', async (query, status, beginning) => {
    const answer = await api.ask(`${logs}?${query}`);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatch(new RegExp(`^${beginning}`));
  });

  test.runIf(isLinux)('is read no faster than the client reads, and comes whole', async () => {
    const pod = api.pods[0]!;
    const path = await api.logFile(pod, 'main', 3);
    await writeFile(path, '');
    await grow(path);
    const before = await bytesRead();
    const response = await api.open(logs);
    await untilNothingIsRead();
    expect((await bytesRead()) - before).toBeLessThan(16 * mebibyte);
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) bytes += chunk.length;
    expect(bytes).toBe(grownBytes);
  });
});

describe('a log that is not there is refused as by upstream', () => {
  const quoted = 'container "main" in pod "web"';

  test.each([
    ['no such pod', '/containerLogs/default/other/main', 'pod "other" does not exist'],
    ['no such namespace', '/containerLogs/other/web/main', 'pod "web" does not exist'],
    ['no such container', '/containerLogs/default/web/x', 'container "x" not found in pod "web"'],
    ['an encoded slash', '/containerLogs/default/web/..%2Fmain', '404 page not found\n'],
    ['dots', '/containerLogs/default/../default/web/main', '404 page not found\n'],
    ['encoded dots', '/containerLogs/default/web/%2e%2e', '404 page not found\n'],
    ['no container', '/containerLogs/default/web', '404 page not found\n'],
    ['too much', '/containerLogs/default/web/main/more', '404 page not found\n'],
  ])('with 404: %s', async (_what, path, body) => {
    api.pods.push(podSnapshot('web', { attempt: 0 }));
    expect(await api.ask(path)).toMatchObject({ status: 404, body });
  });

  test.each<[Partial<ContainerSnapshot>, string, string]>([
    [{ waitingReason: 'ContainerCreating' }, '', `${quoted} is waiting to start: ContainerCreating`],
    [{ waitingReason: 'PodInitializing' }, '', `${quoted} is waiting to start: PodInitializing`],
    [{ waitingReason: 'ErrImagePull' }, '', `${quoted} is waiting to start: image can't be pulled`],
    [
      { waitingReason: 'ImagePullBackOff' },
      '',
      `${quoted} is waiting to start: trying and failing to pull image`,
    ],
    [{}, '', `${quoted} is waiting to start - no logs yet`],
    [{ state: 'terminated', hasEnded: true }, '', `${quoted} is terminated`],
    [{ waitingReason: 'CrashLoopBackOff', hasEnded: true }, '', `${quoted} is terminated`],
    [{ attempt: 0 }, 'previous=true', `previous terminated ${quoted} not found`],
    [{ waitingReason: 'ContainerCreating' }, 'previous=true', `previous terminated ${quoted} not found`],
  ])('with 400: %j %s', async (state, query, body) => {
    api.pods.push(podSnapshot('web', { state: 'waiting', ...state }));
    expect(await api.ask(`${logs}?${query}`)).toMatchObject({ status: 400, body });
  });

  test('with 400: a container that the kubelet has not looked at yet', async () => {
    api.pods.push({ ...podSnapshot('web'), containers: [] });
    expect(await api.ask(logs)).toMatchObject({ status: 400, body: `${quoted} is not available` });
  });

  test('but for a container that waits for its next run, whose last one is shown', async () => {
    const waiting = { state: 'waiting', waitingReason: 'CrashLoopBackOff' } as const;
    const pod = podSnapshot('web', { ...waiting, attempt: 4, previousAttempt: 4 });
    api.pods.push(pod);
    await api.writeLog(pod, 'main', 4, criLine(1, 'crashed'));
    for (const query of ['', 'previous=true', 'follow=true']) {
      expect(await api.ask(`${logs}?${query}`)).toMatchObject({ status: 200, body: 'crashed\n' });
    }
  });
});

describe('following', () => {
  test('begins before there is a line, shows lines as they come, and ends with the run', async () => {
    const { path, end } = await followed();
    const response = await api.open(`${logs}?follow=true`);
    expect(response.statusCode).toBe(200);
    const chunks = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    for (const text of ['one', 'two']) {
      await appendFile(path, criLine(1, text));
      expect(String((await chunks.next()).value)).toBe(`${text}\n`);
    }
    await appendFile(path, criLine(2, 'last'));
    end();
    let rest = '';
    for await (const chunk of { [Symbol.asyncIterator]: () => chunks }) rest += String(chunk);
    expect(rest).toBe('last\n');
    expect(response.complete).toBe(true);
  });

  test('ends on the way when the limit is reached', async () => {
    const { path } = await followed();
    const answer = api.ask(`${logs}?follow=true&limitBytes=4`);
    await appendFile(path, criLine(1, 'one') + criLine(2, 'two'));
    expect(await answer).toMatchObject({ status: 200, body: 'one\n' });
  });

  test.runIf(isLinux)('leaves nothing open when the client hangs up', async () => {
    const { path } = await followed();
    const response = await api.open(`${logs}?follow=true`);
    await appendFile(path, criLine(1, 'one'));
    await once(response, 'data');
    expect(await opened(path)).toBe(1);
    response.destroy();
    await untilClosed(path);
    expect(api.logged.filter(({ level }) => level !== 'debug')).toEqual([]);
  });

  test.runIf(isLinux)('leaves nothing open when a client that does not read hangs up', async () => {
    const { path } = await followed();
    const socket = await stalled(path);
    expect(await opened(path)).toBe(1);
    socket.destroy();
    await untilClosed(path);
  });

  test.runIf(isLinux)('ends with the server, without the mark of a whole answer', async () => {
    const { path } = await followed();
    const response = await api.open(`${logs}?follow=true`);
    response.resume();
    const failed = once(response, 'error');
    const startedAt = performance.now();
    await api.server.close();
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    await failed;
    expect(response.complete).toBe(false);
    expect(await opened(path)).toBe(0);
  });

  test.runIf(isLinux)('that nobody reads does not keep the server from closing', async () => {
    const { path } = await followed();
    const socket = await stalled(path);
    const closed = once(socket, 'close');
    await api.server.close();
    expect(await opened(path)).toBe(0);
    socket.resume();
    await closed;
  });
});

/** A container that runs until it is told to end, with an empty log. */
async function followed(): Promise<{ readonly path: string; readonly end: () => void }> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const pod = podSnapshot('web', { attempt: 0, ended: promise });
  api.pods.push(pod);
  const path = await api.logFile(pod, 'main', 0);
  await writeFile(path, '');
  return { path, end: resolve };
}

/** A client that follows and then reads nothing, though there is more than any buffer holds. */
async function stalled(path: string): Promise<TLSSocket> {
  await grow(path);
  const { address: host, port } = api.server;
  const socket = connect({ host, port, ca: api.authority.cert, ...api.admin });
  socket.on('error', () => undefined);
  socket.write(`GET ${logs}?follow=true HTTP/1.1\r\nhost: x\r\n\r\n`);
  await once(socket, 'readable');
  await untilNothingIsRead();
  return socket;
}

const mebibyte = 1024 * 1024;
const grownBytes = 64 * mebibyte;

/** Writes lines that are that many bytes in the answer. */
async function grow(path: string): Promise<void> {
  const block = criLine(1, 'x'.repeat(16 * 1024 - 1)).repeat(64);
  for (let count = 0; count < 64; count++) await appendFile(path, block);
}

/** By this process so far, from files and sockets. */
async function bytesRead(): Promise<number> {
  return Number(/^rchar: (\d+)/m.exec(await readFile('/proc/self/io', 'utf8'))?.[1]);
}

/** Looks through the same queue that file operations go through. */
async function untilNothingIsRead(): Promise<void> {
  let last = 0;
  for (let quiet = 0; quiet < 50; ) {
    await new Promise((resolve) => setImmediate(resolve));
    const now = await bytesRead();
    // Looking is reading as well.
    quiet = now - last < 1024 ? quiet + 1 : 0;
    last = now;
  }
}

/** How often this process has the file open. */
async function opened(path: string): Promise<number> {
  const targets = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return targets.filter((target) => target === path).length;
}

async function untilClosed(path: string): Promise<void> {
  let count = await opened(path);
  const poll = async (): Promise<void> => {
    while (count > 0) count = await opened(path);
  };
  const polled = poll();
  await eventually(
    () => count === 0,
    () => `${path} is open`,
  );
  await polled;
}
