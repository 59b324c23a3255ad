import { watch } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { kubeconfigOf, startApiServer } from '../fixtures/api-server.ts';
import { type CommandLine, openCommandLine } from '../fixtures/command-line.ts';

const printer = join(import.meta.dirname, '../../../../examples/printer/printer.wasm');

describe('wasmlet node', () => {
  let commandLine: CommandLine;
  beforeEach(async () => {
    commandLine = await openCommandLine();
    await mkdir(join(commandLine.directory, 'manifests'));
  });
  afterEach(() => commandLine[Symbol.asyncDispose]());

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'ends with 0 at %s while its API server is down, having said so',
    async (signal) => {
      await writeFile(join(commandLine.directory, 'boot.conf'), kubeconfigOf('http://127.0.0.1:1'));
      const args = nodeArgs('data', 'boot.conf', 0);
      await using node = commandLine.start(args, { env: { KUBECONFIG: 'node.conf' } });
      await node.wrote(/"msg":"the API server cannot be reached, trying again"/);
      node.kill(signal);
      const { code, stdout, stderr } = await node.finished;
      expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
      const last = JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '') as { msg: string };
      expect(last.msg).toBe('stopped');
    },
  );

  test('ends with 1 when another has its port, before it asks the cluster for anything', async () => {
    await writeFile(join(commandLine.directory, 'away.conf'), kubeconfigOf('http://127.0.0.1:1'));
    await using first = commandLine.start(nodeArgs('first', 'away.conf', 0), {
      env: { KUBECONFIG: '1.conf' },
    });
    const [, taken = ''] = await first.wrote(/"port":(\d+),/);

    await using api = await startApiServer({ status: 500, body: {} });
    await writeFile(join(commandLine.directory, 'boot.conf'), api.kubeconfig);
    const { code, stdout, stderr } = await commandLine.run(nodeArgs('second', 'boot.conf', Number(taken)), {
      env: { KUBECONFIG: '2.conf' },
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`port ${taken} on 127.0.0.1 is in use`);
    expect(stderr).toContain('choose another one with --port');
    expect(api.calls).toEqual([]);
  });

  test('alone runs the pods of a folder, and what is done not again when it comes back', async () => {
    const shared = join(commandLine.directory, 'shared');
    await mkdir(shared);
    await writeFile(join(shared, 'log'), '');
    // Guests have users of their own where the node is root.
    await chmod(shared, 0o777);
    await chmod(join(shared, 'log'), 0o666);
    const runNode = async (round: string): Promise<void> => {
      // Later than the other pod, which has long begun or will not begin any more.
      await writePod(round, ['sleep', '1', 'write', `/shared/${round}`, 'x']);
      await using watching = watchFor(shared, round);
      await using node = commandLine.start([
        'node',
        '--standalone',
        '--manifests=manifests',
        '--data-dir=data',
        '--x-allow-local-modules',
        '--healthz-port=0',
      ]);
      await Promise.race([watching.seen, node.finished]);
      node.kill('SIGTERM');
      expect(await node.finished).toMatchObject({ code: 0, stdout: '' });
    };
    await writePod('once', ['append', '/shared/log', 'ran ']);
    await runNode('first');
    expect(await readFile(join(shared, 'log'), 'utf8')).toBe('ran ');
    await runNode('second');
    expect(await readFile(join(shared, 'log'), 'utf8')).toBe('ran ');
  });

  test('alone ends with 1 when its healthz port is in use, and names it', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const { code, stderr } = await commandLine.run([
      'node',
      '--standalone',
      '--manifests=manifests',
      '--data-dir=data',
      `--healthz-port=${port}`,
    ]);
    other.close();
    expect(code).toBe(1);
    expect(stderr).toContain(String(port));
  });

  /** A pod that runs once and sees the folder `shared`. */
  async function writePod(name: string, args: readonly string[]): Promise<void> {
    const manifest = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: {
        restartPolicy: 'OnFailure',
        containers: [
          {
            name: 'main',
            image: `fs/${printer}`,
            args,
            volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
          },
        ],
        volumes: [{ name: 'shared', hostPath: { path: join(commandLine.directory, 'shared') } }],
      },
    };
    await writeFile(join(commandLine.directory, 'manifests', `${name}.json`), JSON.stringify(manifest));
  }
});

function nodeArgs(name: string, bootstrapFile: string, port: number): readonly string[] {
  const place = [`--data-dir=${name}`, '--addr=127.0.0.1', `--port=${port}`, '--healthz-port=0'];
  return ['node', `--node-name=${name}`, `--bootstrap-file=${bootstrapFile}`, ...place];
}

interface Watching extends AsyncDisposable {
  readonly seen: Promise<void>;
}

/** Sees a file of that name come. */
function watchFor(directory: string, name: string): Watching {
  const { promise, resolve } = Promise.withResolvers<void>();
  const watcher = watch(directory, (_event, changed) => {
    if (changed === name) resolve();
  });
  return {
    seen: promise,
    async [Symbol.asyncDispose]() {
      watcher.close();
      await once(watcher, 'close');
    },
  };
}
