import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { printingServer } from '../packages/wasi-http/test/fixtures/printing-server.ts';
import { findFreePort } from './fixtures/free-ports.ts';
import { podManifest } from './fixtures/pods.ts';
import { describeWith } from './fixtures/requirements.ts';
import { startWasmCluster, type WasmCluster } from './fixtures/wasm-cluster.ts';

await describeWith('an HTTP component as a pod', ['control plane', 'registry'], () => {
  let cluster: WasmCluster;
  let server: string;

  beforeAll(async () => {
    cluster = await startWasmCluster();
    server = await cluster.pushBytes('server', await printingServer());
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') cluster.keepLogs();
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  /** A pod whose only container serves on the port; resolves when it is ready. */
  async function serve(name: string, port: number, annotations: Readonly<Record<string, string>> = {}) {
    const probe = { httpGet: { path: '/healthy', port: 'http' }, periodSeconds: 1 };
    const manifest = podManifest({ name, image: server, annotations, restartPolicy: 'Always' });
    const [container] = manifest.spec.containers;
    const serving = {
      ...container,
      ports: [{ name: 'http', containerPort: port }],
      readinessProbe: probe,
      livenessProbe: probe,
    };
    await cluster.kubectl.apply({ ...manifest, spec: { ...manifest.spec, containers: [serving] } });
    await cluster.kubectl(['wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s']);
  }

  test('serves on its container port, and its prints are its log', async () => {
    const port = await findFreePort();
    await serve('serves', port);
    expect(await ask(port, '/hello')).toEqual({ status: 200, body: 'Hello World\n' });
    expect((await cluster.pods.logs('serves')).split('\n')).toContain('/hello');
    await cluster.pods.delete('serves');
  });

  test('that traps in every third request answers the others, and says so in its log', async () => {
    const port = await findFreePort();
    await serve('thirds', port, { 'wasmlet.dev/http-server': '{"reuse": 1000}' });
    const statuses: number[] = [];
    for (let count = 0; count < 9; count += 1) statuses.push((await ask(port, '/third')).status);
    expect(statuses).toEqual([200, 200, 500, 200, 200, 500, 200, 200, 500]);
    expect(await cluster.pods.logs('thirds')).toContain('"GET /third": wasm trap: wasm `unreachable`');
    const { status } = await cluster.pods.container('thirds', '.restartCount', '0');
    expect(status.containerStatuses?.[0]?.ready).toBe(true);
    await cluster.pods.delete('thirds');
  });

  test('loses no request that it has accepted when it is deleted under load', async () => {
    const port = await findFreePort();
    await serve('drained', port);
    const clients = Array.from({ length: 20 }, () => askUntilRefused(port));
    await Promise.all(clients.map(({ answered }) => answered));
    await cluster.pods.delete('drained');
    const counts = await Promise.all(clients.map(({ ended }) => ended));
    expect(Math.min(...counts)).toBeGreaterThan(0);
  });

  test('that is neither a server nor a command is not created, and told what it exports', async () => {
    const binary = await parse('(module (func (export "local:lib/api#go")))');
    const witSource = 'package local:lib; interface api { go: func(); } world lib { export api; }';
    const library = await componentNew(await componentEmbed({ binary, witSource, world: 'lib' }), []);
    await cluster.pods.run({ name: 'library', image: await cluster.pushBytes('library', library) });
    const { status } = await cluster.pods.container(
      'library',
      '.state.waiting.reason',
      'CreateContainerError',
    );
    expect(status.containerStatuses?.[0]?.state.waiting?.message).toMatch(/it exports local:lib\/api/);
    await cluster.pods.delete('library');
  });
});

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function ask(port: number, path: string, agent?: Agent): Promise<Answer> {
  const request = get({ host: '127.0.0.1', port, path, agent: agent ?? false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, body: await text(response) };
}

interface Client {
  /** Resolves with its first answer. */
  readonly answered: Promise<void>;
  /** How many it got; rejects when a request that was sent got no whole answer. */
  readonly ended: Promise<number>;
}

/** Asks on one connection until there is none to be had. */
function askUntilRefused(port: number): Client {
  const { promise: answered, resolve, reject } = Promise.withResolvers<void>();
  const askOn = async (): Promise<number> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    try {
      for (let count = 0; ; count += 1) {
        try {
          expect(await ask(port, '/load', agent)).toEqual({ status: 200, body: 'Hello World\n' });
          resolve();
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return count;
          throw error;
        }
      }
    } finally {
      agent.destroy();
    }
  };
  const ended = askOn();
  ended.catch(reject);
  return { answered, ended };
}
