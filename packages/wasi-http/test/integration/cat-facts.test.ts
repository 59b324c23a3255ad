import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, expect, test } from 'vitest';
import { serve } from '../fixtures/http-server.ts';
import { createHttpRuntime, local, startGuest } from '../fixtures/run-guest.ts';

const runtime = createHttpRuntime();
afterAll(() => runtime[Symbol.asyncDispose]());

const module = await readFile(join(import.meta.dirname, '../../../../examples/cat-facts/cat-facts.wasm'));

const variables = (url: string) =>
  [
    ['RUST_LOG', 'info'],
    ['CAT_FACTS_URL', url],
    ['CAT_FACTS_INTERVAL', '0'],
  ] as const;

test("the tutorial's Rust program prints one fact after the other", async () => {
  let served = 0;
  await using server = await serve((_request, response) => {
    served += 1;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ fact: `Cats have ${served} lives: at least.`, length: 0 }));
  });
  const url = `${server.url}/fact`;
  const guest = await startGuest(runtime, module, local(url), { env: variables(url) });
  guest.stdout?.resume();
  let log = '';
  for await (const chunk of (guest.stderr as Readable).setEncoding('utf8')) {
    log += chunk as string;
    if (log.includes('2 lives')) break;
  }
  await guest.stop({ graceMs: 0 });
  const facts = log.split('\n').filter((line) => line.includes('Cat Fact: '));
  expect(facts.map((line) => line.replace(/^.* INFO {2}/, ''))).toEqual([
    'rust_wasm] Cat Fact: Cats have 1 lives: at least.',
    'rust_wasm] Cat Fact: Cats have 2 lives: at least.',
  ]);
});

test("the tutorial's Rust program is told that it may not, and says so", async () => {
  await using server = await serve((_request, response) => response.end());
  const guest = await startGuest(runtime, module, {}, { env: variables(server.url) });
  const { promise: report, resolve } = Promise.withResolvers<unknown>();
  guest.onReport((told) => resolve(told.report));
  guest.stdout?.resume();
  let stderr = '';
  (guest.stderr as Readable).setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  await once(guest.stderr as Readable, 'end');
  expect(stderr).toContain('cannot make request: Wasi error 7');
  await expect(report).resolves.toMatchObject({ kind: 'egress-denied', host: '127.0.0.1' });
  await expect(guest.exited).resolves.toMatchObject({ kind: 'trapped' });
  expect(server.connections()).toBe(0);
});
