import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createAccessControl, type RegistryAuth } from './access-control.ts';
import {
  createContentStore,
  type ContentStore,
  type ContentStoreOptions,
  digestOf,
} from './content-store.ts';
import { createFaults, type Fault, type FaultMatch } from './faults.ts';

export interface TestRegistryOptions extends ContentStoreOptions {
  /** @default anybody may do anything */
  readonly auth?: RegistryAuth;
  /** Whether upload locations are absolute URLs. @default false */
  readonly absoluteLocations?: boolean;
  /** Whether answers carry Docker-Content-Digest. @default true */
  readonly digestHeader?: boolean;
}

/** A registry in this process: real HTTP on loopback, content in memory, faults on demand. */
export interface TestRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`, as in references. */
  readonly host: string;
  readonly origin: string;
  readonly requests: readonly RecordedRequest[];
  /** Connections that are open now. */
  readonly connections: number;
  /** Connections that there have been. */
  readonly accepted: number;
  readonly content: ContentStore;
  /** From now on, answers what matches with a fault: `times` times, else until the registry is closed. */
  fail(match: FaultMatch, fault: Fault, options?: { readonly times?: number }): void;
  /** Forgets the requests so far. */
  forget(): void;
}

export interface RecordedRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly authorization: string | undefined;
  readonly accept: string | undefined;
  readonly contentType: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

export async function startTestRegistry(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const content = createContentStore(options);
  const faults = createFaults();
  const requests: RecordedRequest[] = [];
  const sockets = new Set<Socket>();
  let accepted = 0;
  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  server.on('connection', (socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const origin = `http://${host}`;
  const access = createAccessControl(options.auth, origin);

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url = '/', headers } = request;
    requests.push({
      method,
      path: url,
      authorization: headers.authorization,
      accept: headers.accept,
      contentType: headers['content-type'],
      headers,
    });
    const fault = faults.take(method, url);
    if (fault?.kind === 'hang') return;
    if (fault?.kind === 'reset') {
      request.socket.destroy();
      return;
    }
    if (fault?.kind === 'status' || fault?.kind === 'redirect') {
      request.resume();
      const status = fault.kind === 'status' ? fault.status : (fault.status ?? 307);
      const location = fault.kind === 'redirect' ? { location: fault.to } : {};
      response.writeHead(status, { ...location, ...(fault.kind === 'status' ? fault.headers : {}) });
      response.end(fault.kind === 'status' ? fault.body : undefined);
      return;
    }
    if (fault?.kind === 'break') {
      content.keepPart(new URL(url, origin), await readPart(request, fault.afterBytes));
      request.socket.destroy();
      return;
    }
    const body = await readBody(request);
    const refusal = access.check({ method, url: new URL(url, origin), headers, body });
    const reply =
      refusal ??
      content.answer({ method, url: new URL(url, origin), headers, body, ...locationBase(options, origin) });
    if (fault?.kind === 'lose') {
      request.socket.destroy();
      return;
    }
    const replyHeaders: Record<string, string> = { ...reply.headers };
    if (options.digestHeader === false) delete replyHeaders['docker-content-digest'];
    faults.write(response, fault, method, { ...reply, headers: replyHeaders });
  };

  return {
    host,
    origin,
    requests,
    content,
    get connections() {
      return sockets.size;
    },
    get accepted() {
      return accepted;
    },
    fail: (match, fault, { times = Number.POSITIVE_INFINITY } = {}) => faults.add(match, fault, times),
    forget: () => void requests.splice(0),
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      if (server.listening || sockets.size > 0) await once(server, 'close');
    },
  };
}

function locationBase(
  { absoluteLocations = false }: TestRegistryOptions,
  origin: string,
): { readonly base: string } {
  return { base: absoluteLocations ? origin : '' };
}

async function readPart(request: IncomingMessage, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let received = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk as Buffer);
    received += (chunk as Buffer).length;
    if (received >= length) break;
  }
  return Buffer.concat(chunks).subarray(0, length);
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export { digestOf };
