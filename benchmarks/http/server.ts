// One server of the benchmarks in a process of its own: `node server.ts KIND COMPONENT`. Prints its port.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { createHandler, serveComponent } from '@wasmlet/wasi-http/serve';

const [, , kind = '', path = ''] = process.argv;

/** The same shape as the guest's answer. */
const hello: RequestListener = (_request, response) => {
  response.writeHead(200, ['content-type', 'text/plain', 'content-length', '12']);
  response.end('Hello World\n');
};

const echo: RequestListener = (request, response) => void request.pipe(response);

async function listen(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function start(): Promise<number> {
  const reuse = kind.includes('reused') ? Number.MAX_SAFE_INTEGER : 1;
  const waiting = kind.includes('sync') ? 'sync' : 'suspend';
  if (kind === 'hello') return listen(hello);
  if (kind === 'echo') return listen(echo);
  const component = await readFile(path);
  if (kind.startsWith('handler')) return listen(createHandler(component, { reuse, waiting }).listener);
  return (await serveComponent(component, { reuse, waiting })).address.port;
}

process.stdout.write(`${await start()}\n`);
