import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import wabt from 'wabt';
import { describe, expect, test } from 'vitest';
import { ProviderError } from '@wasmlet/kubelet/provider';
import { examplePath, readLog, start, startNode, type TestNode } from '../fixtures/node.ts';

async function assemble(text: string): Promise<Uint8Array> {
  const module = (await wabt()).parseWat('guest.wat', `(module ${text})`);
  try {
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}

const memory = '(memory (export "memory") 1)';
const commands = {
  trap: `${memory} (func (export "_start") unreachable)`,
  loop: `${memory} (func (export "_start") (loop $again (br $again)))`,
  large: '(memory (export "memory") 2000) (func (export "_start"))',
  unknownImport: `(import "env" "abort" (func)) ${memory} (func (export "_start"))`,
  library: `${memory} (func (export "add"))`,
};

async function pulled(node: TestNode, guest: keyof typeof commands) {
  return node.pull(await node.push(await assemble(commands[guest])));
}

describe('a container', () => {
  test('writes its output to its log and completes', async () => {
    await using node = await startNode();
    const image = await node.pull(await node.push(examplePath('hello-wasm')));
    const { exit, lines } = await node.run(image);
    expect(exit).toMatchObject({ exitCode: 0, reason: 'Completed' });
    expect(lines).toEqual(['Hello, World!']);
  });

  test('tells what it takes while it runs, and nothing when it is gone', async () => {
    await using node = await startNode();
    await using pod = await node.openPod();
    const spec = node.container(await pulled(node, 'loop'));
    const container = await start(pod, spec);
    const stats = async () => (await node.provider.stats?.())?.flatMap(({ containers }) => containers) ?? [];
    const cpu = async () => (await stats())[0]?.cpuUsageSeconds ?? 0;
    const before = await cpu();
    while ((await cpu()) < before + 0.1);
    expect(await stats()).toEqual([
      {
        name: spec.name,
        startedAt: container.startedAt,
        cpuUsageSeconds: expect.any(Number) as unknown,
        memoryBytes: expect.any(Number) as unknown,
      },
    ]);
    await container.stop({ graceMs: 0 });
    expect(await node.provider.stats?.()).toEqual([]);
  });

  test.each([
    ['wasm-to-oci', ['arg 0 args']],
    ['cncf', ['arg 0 printer', 'arg 1 args']],
  ] as const)('of a %s image gets the argv that its format promises', async (format, expected) => {
    await using node = await startNode();
    const reference = `${node.registry.host}/team/printer:v1`;
    const image = await node.pull(await node.push(examplePath('printer'), { format, reference }));
    expect((await node.run(image, { args: ['args'] })).lines).toEqual(expected);
  });

  test('sees its environment, in order, and its mounts', async () => {
    await using node = await startNode();
    const image = await node.pull(await node.push(examplePath('printer')));
    const data = join(node.directory, 'data');
    await mkdir(data);
    await writeFile(join(data, 'hello.txt'), 'from a volume');
    const { lines } = await node.run(image, {
      args: ['env', 'cat', '/data/hello.txt', 'write', '/data/new', 'x'],
      env: [
        { name: 'B', value: '2' },
        { name: 'A', value: '1' },
      ],
      mounts: [{ hostPath: data, containerPath: '/data', readOnly: true }],
    });
    expect(lines.slice(0, 3)).toEqual(['env B=2', 'env A=1', 'cat /data/hello.txt: from a volume']);
    expect(lines[3]).toMatch(/^write \/data\/new: failed/);
  });

  test('that exits with a code has it', async () => {
    await using node = await startNode();
    const image = await node.pull(await node.push(examplePath('printer')));
    expect((await node.run(image, { args: ['exit', '3'] })).exit).toMatchObject({
      exitCode: 3,
      reason: 'Error',
    });
  });

  test('that traps ends with 134 and tells the trap', async () => {
    await using node = await startNode();
    const { exit } = await node.run(await pulled(node, 'trap'));
    expect(exit).toMatchObject({ exitCode: 134, reason: 'Error' });
    expect(exit.message).toContain('unreachable');
  });

  test('whose memory does not fit its limit is OOMKilled', async () => {
    await using node = await startNode();
    const resources = { memoryLimitBytes: 64 * 1024 * 1024 };
    const { exit } = await node.run(await pulled(node, 'large'), { resources });
    expect(exit).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
  });

  test('that never returns is stopped with 143', async () => {
    await using node = await startNode();
    await using pod = await node.openPod();
    const running = await start(pod, node.container(await pulled(node, 'loop')));
    const exit = await running.stop({ graceMs: 10_000 });
    expect(exit).toMatchObject({ exitCode: 143, reason: 'Error' });
    expect(await running.exited).toEqual(exit);
  });

  test('ends with its pod', async () => {
    await using node = await startNode();
    const pod = await node.openPod();
    const running = await start(pod, node.container(await pulled(node, 'loop')));
    await pod[Symbol.asyncDispose]();
    expect((await running.exited).exitCode).toBeGreaterThanOrEqual(137);
  });

  test('ends with the provider', async () => {
    await using node = await startNode();
    const provider = node.restarted();
    const image = await pulled(node, 'loop');
    const volumes = join(node.directory, 'volumes');
    await mkdir(volumes);
    const pod = await provider.openPod({
      namespace: 'default',
      name: 'a',
      uid: 'a',
      annotations: {},
      labels: {},
      hostname: 'a',
      runtimeHandler: 'wasm-process',
      directory: volumes,
    });
    const running = await start(pod, node.container(image));
    await provider[Symbol.asyncDispose]();
    expect((await running.exited).exitCode).toBeGreaterThanOrEqual(137);
  });
});

async function failure(node: TestNode, ...args: Parameters<TestNode['run']>): Promise<Error> {
  try {
    await node.run(...args);
  } catch (error) {
    return error as Error;
  }
  throw new Error('it was started');
}

describe('what cannot be started', () => {
  test.each([
    ['unknownImport', 'CONTAINER_CREATE', /env.*abort/s],
    ['library', 'CONTAINER_CREATE', /_start/],
  ] as const)('%s is a %s that says why', async (guest, code, reason) => {
    await using node = await startNode();
    const error = await failure(node, await pulled(node, guest));
    expect(error).toBeInstanceOf(ProviderError);
    expect(error).toMatchObject({ code });
    expect(error.message).toMatch(reason);
  });

  test('a component that is neither a command nor a server is told what it exports', async () => {
    await using node = await startNode();
    const reference = await node.push(Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0), { format: 'cncf' });
    const error = await failure(node, await node.pull(reference));
    expect(error).toMatchObject({
      code: 'CONTAINER_CREATE',
      message: expect.stringContaining(
        'exports neither wasi:cli/run nor wasi:http/incoming-handler of WASI 0.2, so there is nothing to start; it exports nothing',
      ) as unknown,
    });
  });

  test('a mount on whose way a container has put a link', async () => {
    await using node = await startNode();
    const root = join(node.directory, 'volumes');
    await mkdir(join(root, 'data'), { recursive: true });
    await mkdir(join(node.directory, 'outside/sub'), { recursive: true });
    await symlink('../../outside', join(root, 'data/link'));
    const image = await node.pull(await node.push(examplePath('hello-wasm')));
    const mountOf = (hostPath: string) => ({
      mounts: [{ hostPath, root, containerPath: '/v', readOnly: true }],
    });
    for (const path of ['data/link', 'data/link/sub']) {
      expect(await failure(node, image, mountOf(join(root, path)))).toMatchObject({
        code: 'CONTAINER_CREATE',
        message: `main: cannot mount ${join(root, path)} at /v: a symbolic link is in the place of a directory`,
      });
    }
    expect((await node.run(image, mountOf(join(root, 'data')))).exit).toMatchObject({ exitCode: 0 });
  });

  test('a single file as a mount', async () => {
    await using node = await startNode();
    const file = join(node.directory, 'file');
    await writeFile(file, '');
    const image = await node.pull(await node.push(examplePath('hello-wasm')));
    const mount = { containerPath: '/etc/config', readOnly: true };
    const onFile = { mounts: [{ hostPath: file, ...mount }] };
    const onDevice = { mounts: [{ hostPath: '/dev/null', ...mount }] };
    expect((await node.run(image, onFile)).exit).toMatchObject({ exitCode: 0 });
    expect(await failure(node, image, onDevice)).toMatchObject({
      code: 'CONTAINER_CREATE',
      message: 'main: cannot mount /dev/null at /etc/config: it is neither a directory nor a regular file',
    });
  });

  test.each([
    ['alpha.wasi.krustlet.dev/allowed-domains', '[https://a.example]', 'is not JSON'],
    ['alpha.wasi.krustlet.dev/allowed-domains', '{"a":1}', 'is no JSON array of URLs'],
    ['alpha.wasi.krustlet.dev/max-concurrent-requests', 'many', '"many" is no number'],
  ])('annotation %s: %s', async (name, value, problem) => {
    await using node = await startNode();
    const error = await failure(node, await pulled(node, 'trap'), {}, { annotations: { [name]: value } });
    expect(error).toMatchObject({ code: 'CONTAINER_CONFIG' });
    expect(error.message).toContain(`annotation ${name}: ${problem}`);
  });

  test('a runtime handler that is not there', async () => {
    await using node = await startNode();
    await expect(node.openPod({ runtimeHandler: 'gvisor' })).rejects.toMatchObject({
      code: 'CONTAINER_CONFIG',
      message: 'no runtime for "gvisor" is configured; this node has wasm and wasm-process',
    });
  });
});

describe('pods', () => {
  test('run in threads where the operator allows it', async () => {
    await using node = await startNode({ provider: { isolation: ['process', 'thread'] } });
    expect(node.provider.describe().handlers).toEqual(['wasm', 'wasm-process', 'wasm-thread']);
    const image = await pulled(node, 'trap');
    const runIn = async (runtimeHandler: string, namespace: string) => {
      const pod = await node.openPod({ runtimeHandler, namespace });
      return (await start(pod, node.container(image))).exited;
    };
    const exits = await Promise.all([
      runIn('wasm', 'blue'),
      runIn('wasm-thread', 'blue'),
      runIn('wasm-thread', 'green'),
    ]);
    expect(exits).toMatchObject(exits.map(() => ({ exitCode: 134 })));
  });

  test('are opened once per uid', async () => {
    await using node = await startNode();
    const [one, two] = await Promise.all([node.openPod({ uid: 'same' }), node.openPod({ uid: 'same' })]);
    expect(two).toBe(one);
    await one[Symbol.asyncDispose]();
    expect(await node.openPod({ uid: 'same' })).not.toBe(one);
  });

  test('that are denied a connection are named in the log and to the listener', async () => {
    const warnings: object[] = [];
    const denials: unknown[] = [];
    await using node = await startNode({
      provider: {
        logger: { warn: (fields) => void warnings.push(fields) },
        onEgressDenied: (denial) => void denials.push(denial),
      },
    });
    const image = await node.pull(await node.push(examplePath('cat-facts')));
    await using pod = await node.openPod({ name: 'cats' });
    const env = [{ name: 'CAT_FACTS_URL', value: 'https://cats.example/fact' }];
    const spec = node.container(image, { env });
    await start(pod, spec);
    await expect.poll(() => denials.length, { timeout: 10_000 }).toBeGreaterThan(0);
    expect(denials[0]).toMatchObject({ pod: { namespace: 'default', name: 'cats' }, container: 'main' });
    expect(warnings[0]).toMatchObject({ pod: 'cats', container: 'main' });
    expect(await readLog(spec.logPath)).toBeDefined();
  });
});

test('the node says what it is', async () => {
  await using node = await startNode();
  expect(node.provider.describe()).toEqual({
    arch: 'wasm32-wasi',
    os: 'wasi',
    architecture: 'wasm-wasi',
    runtimeName: 'wasmlet',
    runtimeVersion: '1.2.3',
    handlers: ['wasm', 'wasm-process'],
    platforms: ['wasi/wasm'],
  });
  expect(await node.provider.health()).toEqual({ healthy: true });
});

test('a node whose content cannot be kept is not healthy, and says so', async () => {
  await using node = await startNode();
  const file = join(node.directory, 'file');
  await writeFile(file, '');
  const broken = node.restarted({ contentDirectory: join(file, 'content') });
  expect(await broken.health()).toMatchObject({
    healthy: false,
    message: expect.stringContaining(file) as string,
  });
});
