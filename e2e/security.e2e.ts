import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { textGuests } from './fixtures/guests.ts';
import { describeWith } from './fixtures/requirements.ts';
import { startWasmCluster, type WasmCluster } from './fixtures/wasm-cluster.ts';

await describeWith('a node with hostile guests', ['control plane', 'registry'], () => {
  let cluster: WasmCluster;

  beforeAll(async () => {
    cluster = await startWasmCluster();
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') cluster.keepLogs();
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  test('lets no guest out of its mounts', async () => {
    const { pods, images, controlPlane, node } = cluster;
    await pods.run({
      name: 'neighbour',
      image: images.printer,
      args: ['write', '/data/mine', 'private', 'sleep', '3600'],
      volumes: [{ name: 'data', emptyDir: {} }],
      volumeMounts: [{ name: 'data', mountPath: '/data' }],
    });
    const neighbour = await pods.phase('neighbour', 'Running');
    const theirs = join(node.dataDirectory, 'pods', neighbour.metadata.uid, 'volumes');

    const host = join(controlPlane.scratch.path, 'host');
    await mkdir(host);
    await writeFile(join(host, 'allowed'), 'fine');
    await symlink('/etc', join(host, 'out'));
    await symlink('/proc/self/environ', join(host, 'environ'));
    const forbidden = [
      '/etc/passwd',
      '/proc/self/environ',
      '/proc/self/mem',
      '../etc/passwd',
      '/data/../etc/passwd',
      '/data/../../../../../../../../etc/passwd',
      '/host/out/passwd',
      '/host/out',
      '/host/environ',
      '/data/link/passwd',
      theirs,
      `/data/../../../../${neighbour.metadata.uid}/volumes/data/mine`,
      controlPlane.kubeconfig,
    ];
    await pods.run({
      name: 'escaping',
      image: images.printer,
      args: [
        'cat',
        '/host/allowed',
        'write',
        '/data/own',
        'x',
        'link',
        '../../../../../../../etc',
        'link',
        ...forbidden.flatMap((path) => ['cat', path]),
        ...forbidden.flatMap((path) => ['write', path, 'x']),
        'ls',
        '/',
        'ls',
        '/data/..',
      ],
      volumes: [
        { name: 'data', emptyDir: {} },
        { name: 'host', hostPath: { path: host } },
      ],
      volumeMounts: [
        { name: 'data', mountPath: '/data' },
        { name: 'host', mountPath: '/host' },
      ],
    });
    await pods.phase('escaping', 'Succeeded');
    const lines = (await pods.logs('escaping')).trimEnd().split('\n');
    expect(lines).toContain('cat /host/allowed: fine');
    expect(lines).toContain('write /data/own: written');
    for (const path of forbidden) {
      expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^cat ${escaped(path)}: failed: `)));
      expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^write ${escaped(path)}: failed: `)));
    }
    // Above its volumes there is nothing but their names, and no way up from one.
    expect(lines).toContain('ls /: data dev host');
    expect(lines).toContainEqual(expect.stringMatching(/^ls \/data\/\.\.: failed: /));
    await pods.delete('neighbour', 'escaping');
  });

  test('ends a guest with 4 GiB under a limit of 64Mi as OOMKilled, and no neighbour notices', async () => {
    const { pods, images } = cluster;
    const greedy = await cluster.push('four-gigabytes', textGuests.fourGigabytes);
    const growing = await cluster.push('grows', textGuests.growsToFourGigabytes);
    await pods.run({ name: 'quiet', image: images.printer, args: ['sleep', '3600'] });
    const before = (await pods.phase('quiet', 'Running')).status.containerStatuses;
    await pods.run({ name: 'greedy', image: greedy, memoryLimit: '64Mi' });
    await pods.run({ name: 'growing', image: growing, memoryLimit: '64Mi' });
    for (const name of ['greedy', 'growing']) {
      const { status } = await pods.phase(name, 'Failed');
      expect(status.containerStatuses?.[0]?.state.terminated).toMatchObject({
        exitCode: 137,
        reason: 'OOMKilled',
      });
    }
    expect((await pods.phase('quiet', 'Running')).status.containerStatuses).toEqual(before);
    await pods.delete('quiet', 'greedy', 'growing');
  });

  test('keeps its lease and answers while guests loop on every core', async () => {
    const { kubectl, pods, images, node, controlPlane } = cluster;
    const loops = cpus().map((_, index) => `loop-${index}`);
    for (const name of loops) await pods.run({ name, image: images.printer, args: ['loop'] });
    for (const name of loops) await pods.phase(name, 'Running');

    await using watch = kubectl.start([
      'get',
      'lease',
      node.name,
      '--namespace=kube-node-lease',
      '--watch',
      '--output=jsonpath={.spec.renewTime}{"\\n"}',
    ]);
    const first = (await watch.stdout.find(/^\S+$/))[0];
    await watch.stdout.find(new RegExp(`^(?!${escaped(first)})\\S+$`), 15_000);

    const admin = await controlPlane.own?.authority.client('e2e-admin', 'system:masters');
    const slowest = Math.max(
      ...(await sequence(20, () =>
        answerTimeMs(node.port, '/pods', {
          ca: controlPlane.own?.authority.certificate,
          cert: admin?.certificate,
          key: admin?.key,
        }),
      )),
    );
    expect(slowest).toBeLessThan(1_000);
    expect(await kubectl(['get', 'node', node.name])).toMatch(/ Ready /);
    await pods.delete(...loops);
  });
});

async function sequence<T>(count: number, act: () => Promise<T>): Promise<readonly T[]> {
  const results: T[] = [];
  for (let index = 0; index < count; index += 1) results.push(await act());
  return results;
}

function answerTimeMs(port: number, path: string, options: object): Promise<number> {
  const before = performance.now();
  return new Promise((resolve, reject) => {
    request(`https://127.0.0.1:${port}${path}`, { agent: false, ...options }, (response) => {
      response.resume();
      response.once('end', () => {
        if (response.statusCode === 200) resolve(performance.now() - before);
        else reject(new Error(`${path} answered ${response.statusCode}`));
      });
    })
      .once('error', reject)
      .end();
  });
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
