// The first answer of a component: `node first-answer.ts COMPONENT`. Prints milliseconds.
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { createHandler } from '@wasmlet/wasi-http/serve';

const component = await readFile(process.argv[2] ?? '');
const request = new Request('http://host/');
await new Response('').text(); // so that node has loaded what web requests need

const begin = performance.now();
await using handler = createHandler(component);
const text = await (await handler.fetch(request)).text();
const elapsed = performance.now() - begin;
if (text !== 'Hello World\n') throw new Error(`the guest answered ${text}`);
process.stdout.write(String(elapsed));
