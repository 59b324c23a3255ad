import type { V1Container, V1PodSpec } from '@kubernetes/client-node';
import { lstat, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createMemoryCluster, type MemoryCluster } from '../../../src/cluster/memory/memory-cluster.ts';
import { silentLogger } from '../../../src/node/logger.ts';
import type { Pod } from '../../../src/pods/pod.ts';
import { virtualClock } from '../../../src/testing/virtual-clock.ts';
import { createPodVolumes, type MountedVolumes } from '../../../src/volumes/pod-volumes.ts';
import { modeOf, nextSwap, temporaryDirectory, testNode, visibleFiles } from './volume-fixtures.ts';

interface Setup extends AsyncDisposable {
  readonly cluster: MemoryCluster;
  readonly time: ReturnType<typeof virtualClock>;
  readonly directory: string;
  readonly warnings: readonly string[];
  mount(pod: Pod): Promise<MountedVolumes>;
}

async function setUp(allowedHostPaths?: readonly string[]): Promise<Setup> {
  const temporary = await temporaryDirectory();
  const time = virtualClock();
  const cluster = createMemoryCluster({ nodeName: 'n1', clock: time.clock });
  const warnings: string[] = [];
  const mounted: MountedVolumes[] = [];
  const volumes = createPodVolumes({
    dataDirectory: temporary.path,
    objects: cluster.objects,
    tokens: cluster.tokens,
    node: () => testNode,
    clock: time.clock,
    random: () => 0,
    logger: {
      ...silentLogger,
      warn: ({ err }: { readonly err?: unknown }) => warnings.push(String(err)),
    },
    ...(allowedHostPaths === undefined ? {} : { allowedHostPaths }),
  });
  return {
    cluster,
    time,
    directory: temporary.path,
    warnings,
    async mount(pod) {
      const result = await volumes.mount(pod);
      mounted.push(result);
      return result;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(mounted.map((one) => one[Symbol.asyncDispose]()));
      expect(time.sleeping).toBe(0);
      await temporary[Symbol.asyncDispose]();
    },
  };
}

/** A pod with one volume `v`, mounted at /v by its container `c`. */
function podWith(cluster: MemoryCluster, volume: object, mount: object = {}, labels = {}): Pod {
  const spec: V1PodSpec = {
    containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'v', mountPath: '/v', ...mount }] }],
    volumes: [{ name: 'v', ...volume }],
  };
  return cluster.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', labels },
    spec,
  }) as unknown as Pod;
}

function applyMap(cluster: MemoryCluster, data: Record<string, string>, immutable = false): void {
  cluster.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm' }, data, immutable });
}

async function pathOf(volumes: MountedVolumes, pod: Pod): Promise<string> {
  const [mount] = await volumes.containerMounts(pod.spec.containers[0] as V1Container, (text) => text);
  return mount?.hostPath ?? '';
}

describe('a termination log', () => {
  const container = { name: 'c', terminationMessagePath: '/dev/../run/why' };

  test('is a new and empty file for each run, of whom the volumes belong to', async () => {
    await using setup = await setUp();
    const pod = podWith(setup.cluster, { emptyDir: {} });
    await using volumes = await setup.mount(pod);
    const log = await volumes.terminationLog(container, []);
    const root = join(setup.directory, 'pods', pod.metadata.uid, 'volumes');
    expect(log).toEqual({
      hostPath: `${root}/..termination/c`,
      root,
      containerPath: '/run/why',
      readOnly: false,
    });
    const hostPath = log?.hostPath ?? '';
    expect((await stat(hostPath)).mode & 0o777).toBe(0o666);
    await writeFile(hostPath, 'first');
    await volumes.terminationLog(container, []);
    expect(await readFile(hostPath, 'utf8')).toBe('');
  });

  test.each(['/run/why', '/run/why/below'])(
    'is not made where a mount has its place: %s',
    async (containerPath) => {
      await using setup = await setUp();
      await using volumes = await setup.mount(podWith(setup.cluster, { emptyDir: {} }));
      const mount = { hostPath: '/h', containerPath, readOnly: true };
      expect(await volumes.terminationLog(container, [mount])).toBeUndefined();
    },
  );

  test('is not made for a container that names none, or names what cannot be a file', async () => {
    await using setup = await setUp();
    await using volumes = await setup.mount(podWith(setup.cluster, { emptyDir: {} }));
    for (const terminationMessagePath of ['', '/']) {
      expect(await volumes.terminationLog({ name: 'c', terminationMessagePath }, [])).toBeUndefined();
    }
  });

  test('replaces what a pod has put into its place, and is made nowhere else', async () => {
    await using setup = await setUp();
    const pod = podWith(setup.cluster, { emptyDir: {} });
    await using volumes = await setup.mount(pod);
    const root = join(setup.directory, 'pods', pod.metadata.uid, 'volumes');
    await mkdir(join(root, '..termination'));
    await symlink('/etc/passwd', join(root, '..termination/c'));
    const log = await volumes.terminationLog(container, []);
    expect((await lstat(log?.hostPath ?? '')).isFile()).toBe(true);
    await rm(join(root, '..termination'), { recursive: true });
    await symlink(setup.directory, join(root, '..termination'));
    expect(await volumes.terminationLog(container, [])).toBeUndefined();
    expect(await readdir(setup.directory)).not.toContain('c');
  });
});

describe('a volume from a ConfigMap', () => {
  test('follows its object, and container sees it read-only', async () => {
    await using setup = await setUp();
    applyMap(setup.cluster, { a: '1' });
    const pod = podWith(setup.cluster, { configMap: { name: 'm' } });
    const volumes = await setup.mount(pod);
    const path = await pathOf(volumes, pod);
    expect(path).toBe(join(setup.directory, 'pods', pod.metadata.uid, 'volumes/kubernetes.io~configmap/v'));
    const mounts = await volumes.containerMounts(pod.spec.containers[0] as V1Container, (text) => text);
    const root = join(setup.directory, 'pods', pod.metadata.uid, 'volumes');
    expect(mounts).toEqual([{ hostPath: path, root, containerPath: '/v', readOnly: true }]);
    expect(await visibleFiles(path)).toEqual({ a: '1' });

    const swapped = nextSwap(path);
    applyMap(setup.cluster, { a: '2', b: '3' });
    await swapped;
    expect(await visibleFiles(path)).toEqual({ a: '2', b: '3' });
  });

  test('stays as it was when its object goes, and says so', async () => {
    await using setup = await setUp();
    applyMap(setup.cluster, { a: '1' });
    const pod = podWith(setup.cluster, { configMap: { name: 'm' } });
    const path = await pathOf(await setup.mount(pod), pod);
    setup.cluster.remove('ConfigMap', 'default', 'm');
    await setup.time.advance(0);
    expect(setup.warnings).toEqual([
      'VolumeError: MountVolume.SetUp failed for volume "v" : configmap "m" not found',
    ]);
    expect(await visibleFiles(path)).toEqual({ a: '1' });
  });

  test('that is optional fills when the object comes and empties when it goes', async () => {
    await using setup = await setUp();
    const pod = podWith(setup.cluster, { configMap: { name: 'm', optional: true } });
    const path = await pathOf(await setup.mount(pod), pod);
    expect(await visibleFiles(path)).toEqual({});
    applyMap(setup.cluster, { a: '1' });
    await setup.time.advance(0);
    expect(await visibleFiles(path)).toEqual({ a: '1' });
    setup.cluster.remove('ConfigMap', 'default', 'm');
    await setup.time.advance(0);
    expect(await visibleFiles(path)).toEqual({});
  });

  test('does not follow an object that was immutable', async () => {
    await using setup = await setUp();
    applyMap(setup.cluster, { a: '1' }, true);
    const pod = podWith(setup.cluster, { configMap: { name: 'm' } });
    const path = await pathOf(await setup.mount(pod), pod);
    setup.cluster.remove('ConfigMap', 'default', 'm');
    applyMap(setup.cluster, { a: '2' });
    await setup.time.advance(0);
    expect(await visibleFiles(path)).toEqual({ a: '1' });
  });

  test('whose paths would leave it is refused and leaves nothing', async () => {
    await using setup = await setUp();
    applyMap(setup.cluster, { a: '1' });
    const items = [{ key: 'a', path: '../../../escaped' }];
    const pod = podWith(setup.cluster, { configMap: { name: 'm', items } });
    await expect(setup.mount(pod)).rejects.toMatchObject({ code: 'INVALID', volume: 'v' });
    await expect(stat(join(setup.directory, 'pods', pod.metadata.uid, 'escaped'))).rejects.toThrow('ENOENT');
  });
});

describe('a subPath of a ConfigMap', () => {
  test('is a file or directory as it was when the run began', async () => {
    await using setup = await setUp();
    applyMap(setup.cluster, { a: '1' });
    const pod = podWith(
      setup.cluster,
      { configMap: { name: 'm' } },
      { subPath: 'a', mountPath: '/etc/x.conf' },
    );
    const volumes = await setup.mount(pod);
    const path = await pathOf(volumes, pod);
    expect(path.endsWith('/x.conf')).toBe(true);
    expect(await readFile(path, 'utf8')).toBe('1');
    applyMap(setup.cluster, { a: '2' });
    await setup.time.advance(0);
    expect(await readFile(path, 'utf8')).toBe('1');
    expect(await readFile(await pathOf(volumes, pod), 'utf8')).toBe('2');
  });

  test.each([
    ['nothing there', { subPath: 'none' }, 'failed to create subPath directory for volumeMount "v"'],
    ['a climb', { subPath: 'a/../..' }, "must not contain '..'"],
    ['an absolute path', { subPathExpr: '/etc' }, 'must not be an absolute path'],
  ])('fails the container for %s', async (_title, mount, message) => {
    await using setup = await setUp();
    applyMap(setup.cluster, { a: '1' });
    const pod = podWith(setup.cluster, { configMap: { name: 'm' } }, mount);
    const volumes = await setup.mount(pod);
    await expect(pathOf(volumes, pod)).rejects.toMatchObject({
      name: 'ConfigError',
      message: expect.stringContaining(message) as string,
    });
  });
});

test('a downwardAPI volume follows labels, a projected one does, too', async () => {
  await using setup = await setUp();
  const items = [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }];
  for (const volume of [
    { downwardAPI: { items } },
    { projected: { sources: [{ downwardAPI: { items } }] } },
  ]) {
    const pod = podWith(setup.cluster, volume, {}, { app: 'a' });
    const volumes = await setup.mount(pod);
    const path = await pathOf(volumes, pod);
    expect(await visibleFiles(path)).toEqual({ labels: 'app="a"' });
    volumes.podChanged({ ...pod, metadata: { ...pod.metadata, labels: { app: 'b' } } });
    await setup.time.advance(0);
    expect(await visibleFiles(path)).toEqual({ labels: 'app="b"' });
    await volumes.remove();
    setup.cluster.remove('Pod', 'default', 'p');
  }
});

test('a service-account token is replaced in its file at 80 % of its life', async () => {
  await using setup = await setUp();
  const sources = [{ serviceAccountToken: { path: 'token', expirationSeconds: 600 } }];
  const pod = podWith(setup.cluster, { projected: { sources } });
  const path = await pathOf(await setup.mount(pod), pod);
  const first = await readFile(join(path, 'token'), 'utf8');
  await setup.time.advance(479_999);
  expect(await readFile(join(path, 'token'), 'utf8')).toBe(first);
  await setup.time.advance(1);
  expect(await readFile(join(path, 'token'), 'utf8')).not.toBe(first);
});

describe('an emptyDir', () => {
  test('may be written by everybody, outlives the daemon, and goes with the pod', async () => {
    await using setup = await setUp();
    const pod = podWith(setup.cluster, { emptyDir: {} });
    const before = await setup.mount(pod);
    const path = await pathOf(before, pod);
    expect(await modeOf(path)).toBe('777');
    await writeFile(join(path, 'kept'), 'x');
    await before[Symbol.asyncDispose]();
    const after = await setup.mount(pod);
    expect(await readFile(join(await pathOf(after, pod), 'kept'), 'utf8')).toBe('x');
    await after.remove();
    await after.remove();
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });

  test('is mounted by its subPath, read-only when the mount says so', async () => {
    await using setup = await setUp();
    const pod = podWith(setup.cluster, { emptyDir: {} }, { subPathExpr: 'logs/$(POD)', readOnly: true });
    const volumes = await setup.mount(pod);
    const [mount] = await volumes.containerMounts(pod.spec.containers[0] as V1Container, (text) =>
      text.replace('$(POD)', 'p'),
    );
    const root = join(setup.directory, 'pods', pod.metadata.uid, 'volumes');
    expect(mount).toMatchObject({ root, containerPath: '/v', readOnly: true });
    expect(mount?.hostPath.endsWith('kubernetes.io~empty-dir/v/logs/p')).toBe(true);
    expect((await stat(mount?.hostPath ?? '')).isDirectory()).toBe(true);
  });

  test('is mounted by a subPath that its links spell without them', async () => {
    await using setup = await setUp();
    const pod = podWith(setup.cluster, { emptyDir: {} }, { subPath: 'link/sub' });
    const volumes = await setup.mount(pod);
    const volume = join(setup.directory, 'pods', pod.metadata.uid, 'volumes/kubernetes.io~empty-dir/v');
    await symlink('real', join(volume, 'link'));
    await mkdir(join(volume, 'real'));
    expect(await pathOf(volumes, pod)).toBe(join(volume, 'real/sub'));
  });

  test('whose directory was replaced by a link gets nothing made behind it, and no mount that leads there', async () => {
    await using setup = await setUp();
    const pod = podWith(setup.cluster, { emptyDir: {} }, { subPath: 'sub' });
    const volumes = await setup.mount(pod);
    const volume = join(setup.directory, 'pods', pod.metadata.uid, 'volumes/kubernetes.io~empty-dir/v');
    const outside = join(setup.directory, 'outside');
    await mkdir(outside);
    await rm(volume, { recursive: true });
    await symlink(outside, volume);
    await expect(pathOf(volumes, pod)).rejects.toThrow('failed to create subPath directory');
    expect(await readdir(outside)).toEqual([]);
    await mkdir(join(outside, 'sub'));
    expect(await pathOf(volumes, pod)).toBe(join(volume, 'sub'));
  });
});

test('a hostPath is this machine’s, as far as the node allows', async () => {
  await using temporary = await temporaryDirectory();
  await mkdir(join(temporary.path, 'shared'));
  await using setup = await setUp([join(temporary.path, 'shared')]);
  const pod = podWith(setup.cluster, { hostPath: { path: join(temporary.path, 'shared') } });
  const volumes = await setup.mount(pod);
  const mounts = await volumes.containerMounts(pod.spec.containers[0] as V1Container, (text) => text);
  expect(mounts).toMatchObject([{ hostPath: join(temporary.path, 'shared'), root: '/' }]);
  await writeFile(join(temporary.path, 'shared/kept'), 'x');
  await volumes.remove();
  expect(await readFile(join(temporary.path, 'shared/kept'), 'utf8')).toBe('x');
  const other = podWith(setup.cluster, { hostPath: { path: '/etc' } });
  await expect(setup.mount(other)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
});

test.each([
  [{ persistentVolumeClaim: { claimName: 'c' } }, 'volumes of kind persistentVolumeClaim are not supported'],
  [{ nfs: { server: 's', path: '/' } }, 'volumes of kind nfs are not supported'],
])('a volume %j is refused by its kind', async (volume, message) => {
  await using setup = await setUp();
  const pod = podWith(setup.cluster, volume);
  await expect(setup.mount(pod)).rejects.toThrow(message);
});

test('a volume that no container mounts is not set up', async () => {
  await using setup = await setUp();
  const pod = podWith(setup.cluster, { configMap: { name: 'm' } });
  const unused = { ...pod, spec: { ...pod.spec, containers: [{ name: 'c', image: 'i' }] } };
  await expect(setup.mount(unused)).resolves.toBeDefined();
});
