import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const facts = [
  'A group of cats is called a clowder.',
  'A cat can jump up to six times its length.',
  'Cats sleep for around 13 to 14 hours a day.',
  'The technical term for a cat’s hairball is a bezoar.',
  'Cats have 32 muscles that control the outer ear.',
];

/** A small API of cat facts on loopback, in the shape of the tutorial's. */
export interface FactsServer extends AsyncDisposable {
  readonly url: string;
}

export async function startFactsServer(): Promise<FactsServer> {
  let next = 0;
  const server = createServer((_request, response) => {
    const fact = facts[next++ % facts.length] ?? '';
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ fact, length: fact.length }));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/fact`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
