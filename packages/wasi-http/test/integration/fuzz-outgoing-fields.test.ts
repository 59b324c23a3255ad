import { createEgressGuard } from '@wasmlet/egress';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createOutgoingClient, type OutgoingClient } from '../../src/outgoing/outgoing-client.ts';
import type { SentResponse } from '../../src/outgoing/outgoing-exchange.ts';
import { HttpFailure } from '../../src/types/error-code.ts';
import { faultsOf, fuzzTimeoutMs, pick, type Random } from '../../../../tooling/faults-of.ts';
import { serveTcp, type TestServer } from '../fixtures/http-server.ts';
import { accepted, type Field, missing, randomField } from '../fixtures/random-fields.ts';

// What a guest asks others for is written to a socket as it is, or not at all. Seeded, so that a failure can be repeated; with
// FUZZ_SECONDS, the test goes on so much longer with other seeds.
interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly Field[];
}

function randomAsked(random: Random): Asked {
  return {
    method: pick(random, ['GET', 'HEAD', 'POST', 'PROPFIND', '!#$%']),
    path: pick(random, ['/', '/a?b=c', '/%0d%0a', "/a'()*;:@"]),
    headers: Array.from({ length: random(8) }, () => randomField(random)),
  };
}

let client: OutgoingClient;
let server: TestServer;
let received = '';
beforeAll(async () => {
  client = createOutgoingClient(
    createEgressGuard({ allowedHosts: ['127.0.0.1'], grants: ['127.0.0.1'] }),
    2_000,
  );
  server = await serveTcp((socket) => {
    socket.setEncoding('latin1').on('data', (text: string) => {
      received += text;
      if (received.includes('\r\n\r\n')) socket.write('HTTP/1.1 204 Fine\r\n\r\n');
    });
  });
});
afterAll(async () => {
  await client.destroy();
  await server[Symbol.asyncDispose]();
});

async function read({ method, path, headers }: Asked): Promise<string | undefined> {
  received = '';
  const fields = accepted(headers);
  const asked = {
    method,
    pathWithQuery: path,
    scheme: 'http',
    authority: undefined,
    headers: fields,
    body: undefined,
  };
  const target = { origin: `http://127.0.0.1:${server.port}`, hostname: '127.0.0.1', path };
  const outcome = await new Promise<SentResponse | HttpFailure>((onOutcome) => {
    client.send(asked, target, {
      timeouts: { connectMs: 2_000, headersMs: 2_000, bodyIdleMs: 2_000 },
      maxBodyBytes: undefined,
      onOutcome,
      onEnd: () => {},
    });
  });
  if (outcome instanceof HttpFailure) return `fails with ${outcome.message}`;
  if (outcome.status !== 204) return `is answered by ${outcome.status}`;
  const [head = '', ...rest] = received.split('\r\n\r\n');
  if (rest.join('') !== '') return `is followed by ${JSON.stringify(rest)}`;
  const [first, ...lines] = head.split('\r\n');
  if (first !== `${method} ${path} HTTP/1.1`) return `begins with ${first}`;
  const wire = lines.map(
    (line): Field => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)],
  );
  const lost = missing(
    fields,
    wire.filter(([name]) => name !== 'host'),
  );
  return lost && `lacks ${lost}`;
}

test('fields of requests are refused, or sent as they are', { timeout: fuzzTimeoutMs }, async () => {
  expect(await faultsOf({ rounds: 1_500, make: randomAsked, read, show: JSON.stringify })).toEqual([]);
});
