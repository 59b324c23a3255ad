// The first answer of each component, one after the other: `node first-answer.ts COMPONENT…`. Prints milliseconds of the last.
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { createHandler } from '@wasmlet/wasi-http/serve';

const components = await Promise.all(process.argv.slice(2).map((path) => readFile(path)));
await new Response('').text(); // so that node has loaded what web requests need

let elapsed = Number.NaN;
for (const component of components) {
  const request = new Request('http://host/');
  const begin = performance.now();
  await using handler = createHandler(component);
  const text = await (await handler.fetch(request)).text();
  elapsed = performance.now() - begin;
  if (text !== 'Hello World\n') throw new Error(`the guest answered ${text}`);
}
process.stdout.write(String(elapsed));
