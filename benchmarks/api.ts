import { Agent, type RequestOptions, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import type { ControlPlane } from '@wasmlet/e2e/control-plane';

/** As little of the Kubernetes API as the figures need, without a client library's own time in them. */
export interface Api extends Disposable {
  /** Resolves when an answer is there, whatever it says. */
  get(path: string): Promise<void>;
  createPod(manifest: object): Promise<void>;
  deletePod(name: string): Promise<void>;
  /** Pods of the default namespace, from now on. */
  watchPods(): Promise<PodWatch>;
}

export interface PodWatch extends Disposable {
  /** The scheduler has chosen a node. */
  scheduled(name: string): Promise<void>;
  running(name: string): Promise<void>;
  gone(name: string): Promise<void>;
}

const pods = '/api/v1/namespaces/default/pods';

export async function connectToApi({ own }: ControlPlane): Promise<Api> {
  if (own === undefined) throw new Error('this figure needs a control plane of its own');
  const { certificate: cert, key } = await own.authority.client('benchmark', 'system:masters');
  const agent = new Agent({ keepAlive: true, ca: own.authority.certificate, cert, key });
  const send = (method: string, path: string, body?: object): Promise<IncomingMessage> =>
    open(`${own.server}${path}`, { agent, method }, body);
  return {
    get: async (path) => void (await text(await send('GET', path))),
    createPod: async (manifest) => succeeded(await send('POST', pods, manifest)),
    deletePod: async (name) => succeeded(await send('DELETE', `${pods}/${name}`)),
    async watchPods() {
      const list = JSON.parse(await text(await send('GET', `${pods}?limit=1`))) as List;
      return watchFrom(list.metadata.resourceVersion, (version) =>
        send('GET', `${pods}?watch=1&resourceVersion=${version}`),
      );
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
}

interface List {
  readonly metadata: { readonly resourceVersion: string };
}

interface WatchEvent {
  readonly type: string;
  readonly object: {
    readonly metadata: { readonly name: string; readonly resourceVersion: string };
    readonly spec: { readonly nodeName?: string };
    readonly status: { readonly phase: string };
  };
}

/** The API server ends watches that it thinks slow: they go on where they ended. */
async function watchFrom(
  version: string,
  begin: (version: string) => Promise<IncomingMessage>,
): Promise<PodWatch> {
  const reached = new Map<string, PromiseWithResolvers<void>>();
  const state = (key: string): PromiseWithResolvers<void> => {
    const known = reached.get(key) ?? Promise.withResolvers<void>();
    reached.set(key, known);
    return known;
  };
  const read = (line: string): void => {
    const { type, object } = JSON.parse(line) as WatchEvent;
    const { name, resourceVersion } = object.metadata;
    version = resourceVersion;
    if (object.spec.nodeName !== undefined) state(`scheduled/${name}`).resolve();
    if (type === 'DELETED') state(`gone/${name}`).resolve();
    else if (object.status.phase === 'Running') state(`running/${name}`).resolve();
  };
  let disposed = false;
  let response = await begin(version);
  const follow = async (): Promise<void> => {
    while (!disposed) {
      response.on('error', () => {}); // it was destroyed below
      for await (const line of createInterface({ input: response })) read(line);
      if (!disposed) response = await begin(version);
    }
  };
  const following = follow();
  following.catch((error: unknown) => {
    for (const { reject } of reached.values()) reject(error);
  });
  return {
    scheduled: (name) => state(`scheduled/${name}`).promise,
    running: (name) => state(`running/${name}`).promise,
    gone: (name) => state(`gone/${name}`).promise,
    [Symbol.dispose]() {
      disposed = true;
      response.destroy();
    },
  };
}

function open(url: string, options: RequestOptions, body?: object): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, { ...options, headers: { 'content-type': 'application/json' } }, resolve)
      .once('error', reject)
      .end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function succeeded(response: IncomingMessage): Promise<void> {
  const answer = await text(response);
  if ((response.statusCode ?? 0) >= 300) throw new Error(`${response.statusCode}: ${answer}`);
}

async function text(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
