import { expect, test } from 'vitest';
import { type BodySink, createAnswerBody } from '../../src/registry/http/answer-body.ts';

interface Connection {
  readonly sink: BodySink;
  /** What was asked of it. */
  readonly calls: string[];
}

function connect(announcedBytes = 0): Connection {
  const calls: string[] = [];
  const sink = createAnswerBody({
    announcedBytes,
    resume: () => calls.push('resume'),
    abort: ({ message }) => calls.push(`abort: ${message}`),
  });
  return { sink, calls };
}

async function read({ body }: BodySink): Promise<number> {
  let length = 0;
  for await (const chunk of body) length += chunk.length;
  return length;
}

const chunk = Buffer.alloc(32 * 1024);

test('says when it has enough, and resumes when some of it has been read', async () => {
  const { sink, calls } = connect();
  expect(sink.push(chunk)).toBe(true);
  expect(sink.push(chunk)).toBe(false);
  const chunks = sink.body[Symbol.asyncIterator]();
  expect(calls).toEqual([]);
  await chunks.next();
  expect(calls).toEqual(['resume']);
});

test('gives what has come before it tells of a failure', async () => {
  const { sink } = connect();
  sink.push(chunk);
  sink.fail(new Error('cut off'));
  const chunks = sink.body[Symbol.asyncIterator]();
  expect(await chunks.next()).toMatchObject({ done: false });
  await expect(chunks.next()).rejects.toThrow('cut off');
});

test('wakes whoever waits for more, and for its end', async () => {
  const { sink } = connect();
  const length = read(sink);
  await Promise.resolve();
  sink.push(chunk);
  await Promise.resolve();
  sink.end();
  expect(await length).toBe(chunk.length);
});

test('ends the exchange when its reader leaves, but not one that is over', async () => {
  for (const [isWhole, expected] of [
    [false, ['resume', 'abort: the rest of the answer is not wanted']],
    [true, []],
  ] as const) {
    const { sink, calls } = connect();
    sink.push(chunk);
    if (isWhole) sink.end();
    for await (const _one of sink.body) break;
    expect(calls).toEqual(expected);
  }
});

test('tells a reader why it was ended from elsewhere', async () => {
  const { sink, calls } = connect();
  const length = read(sink);
  sink.body.destroy(new Error('stopped'));
  await expect(length).rejects.toThrow('stopped');
  expect(calls).toEqual(['abort: stopped']);
});

test('is discarded by reading it, unless it is or announces more than may be read', async () => {
  const short = connect(chunk.length);
  short.sink.push(chunk);
  short.sink.end();
  await short.sink.body.discard(chunk.length);
  expect(short.calls).toEqual([]);

  const announced = connect(chunk.length + 1);
  await announced.sink.body.discard(chunk.length);
  expect(announced.calls).toEqual(['abort: the rest of the answer is not wanted']);

  const long = connect();
  long.sink.push(chunk);
  await long.sink.body.discard(1);
  expect(long.calls).toEqual(['resume', 'abort: the rest of the answer is not wanted']);
});
