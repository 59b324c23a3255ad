import { request } from 'node:https';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readsManyObjects } from './fixtures/audit-log.ts';
import { guestPath, textGuests } from './fixtures/guests.ts';
import type { KubernetesObject } from './fixtures/kubectl.ts';
import { podSpec } from './fixtures/pods.ts';
import { pushLinuxImage } from './fixtures/linux-image.ts';
import { type PrivateRegistry, startPrivateRegistry } from './fixtures/registry.ts';
import { describeWith } from './fixtures/requirements.ts';
import { startWasmCluster, type WasmCluster } from './fixtures/wasm-cluster.ts';
import { runWasmlet } from './fixtures/wasmlet.ts';

await describeWith('a node in a real cluster', ['control plane', 'registry', 'htpasswd'], () => {
  let cluster: WasmCluster;
  let guarded: PrivateRegistry;

  beforeAll(async () => {
    guarded = await startPrivateRegistry();
    cluster = await startWasmCluster({ env: { NODE_EXTRA_CA_CERTS: guarded.caFile } });
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') cluster.keepLogs();
  });
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
    await guarded?.[Symbol.asyncDispose]();
  });

  test('says what it is', async () => {
    const node = await cluster.kubectl.get<NodeObject>('node', 'krustlet');
    expect(node.metadata.labels).toMatchObject({
      'kubernetes.io/arch': 'wasm32-wasi',
      'kubernetes.io/os': 'wasi',
    });
    expect(node.spec.taints).toEqual(
      expect.arrayContaining([
        { key: 'kubernetes.io/arch', value: 'wasm32-wasi', effect: 'NoSchedule' },
        { key: 'kubernetes.io/arch', value: 'wasm32-wasi', effect: 'NoExecute' },
      ]),
    );
    expect(node.status.nodeInfo).toMatchObject({
      architecture: 'wasm-wasi',
      containerRuntimeVersion: expect.stringMatching(/^wasmlet:\/\//),
      kubeletVersion: expect.stringMatching(/^v1\.\d+\.\d+.*wasmlet/),
    });
    expect(node.status.addresses).toEqual([{ type: 'InternalIP', address: '127.0.0.1' }]);
    const types = node.status.conditions.map(({ type, status }) => `${type}=${status}`);
    expect(types.toSorted()).toEqual([
      'DiskPressure=False',
      'MemoryPressure=False',
      'PIDPressure=False',
      'Ready=True',
    ]);
  });

  test('tells exit codes, traps and a hard limit apart', async () => {
    const trap = await cluster.push('trap', textGuests.trap);
    const { pods, images } = cluster;
    await pods.run({ name: 'exits-7', image: images.printer, args: ['exit', '7'] });
    await pods.run({ name: 'exits-0', image: images.printer, args: ['exit', '0'] });
    await pods.run({ name: 'traps', image: trap });
    await pods.run({ name: 'too-big', image: images.printer, args: ['grow', '100'], memoryLimit: '32Mi' });
    const terminated = async (name: string, phase: string) =>
      (await pods.phase(name, phase)).status.containerStatuses?.[0]?.state.terminated;
    expect(await terminated('exits-7', 'Failed')).toMatchObject({ exitCode: 7, reason: 'Error' });
    expect(await terminated('exits-0', 'Succeeded')).toMatchObject({ exitCode: 0, reason: 'Completed' });
    expect(await terminated('traps', 'Failed')).toMatchObject({
      exitCode: 134,
      reason: 'Error',
      message: expect.stringContaining('unreachable'),
    });
    expect(await terminated('too-big', 'Failed')).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
    await pods.delete('exits-7', 'exits-0', 'traps', 'too-big');
  });

  test('restarts what fails, counts it and backs off', async () => {
    const { pods, images } = cluster;
    await pods.run({
      name: 'crashing',
      image: images.printer,
      args: ['say', 'here again', 'exit', '7'],
      restartPolicy: 'Always',
    });
    const seen = await pods.container('crashing', '.state.waiting.reason', 'CrashLoopBackOff');
    expect(seen.status.containerStatuses?.[0]).toMatchObject({
      lastState: { terminated: { exitCode: 7, reason: 'Error' } },
    });
    const later = await pods.container('crashing', '.restartCount', '2', '90s');
    expect(later.status.phase).toBe('Running');
    expect(await cluster.kubectl(['get', 'pod', 'crashing'])).toMatch(/0\/1 +(CrashLoopBackOff|Error) +[12]/);
    expect(await pods.logs('crashing', '--previous')).toBe('here again\n');
    await pods.delete('crashing');
  });

  test('gives a guest its environment and files from every source', async () => {
    const { kubectl, pods, images } = cluster;
    await kubectl(['create', 'configmap', 'settings', '--from-literal=colour=blue', '--from-literal=size=9']);
    await kubectl(['create', 'secret', 'generic', 'keys', '--from-literal=token=hush']);
    await pods.run({
      name: 'sources',
      image: images.printer,
      args: [
        'env',
        'cat',
        '/settings/colour',
        'cat',
        '/keys/token',
        'cat',
        '/about/labels',
        'write',
        '/scratch/a',
        'x',
        'ls',
        '/scratch',
      ],
      envFrom: [{ configMapRef: { name: 'settings' } }],
      env: [
        { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'keys', key: 'token' } } },
        { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
        { name: 'JOINED', value: '$(NODE)-$(colour)' },
      ],
      volumes: [
        { name: 'settings', configMap: { name: 'settings' } },
        { name: 'keys', secret: { secretName: 'keys' } },
        {
          name: 'about',
          downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.name' } }] },
        },
        { name: 'scratch', emptyDir: {} },
      ],
      volumeMounts: [
        { name: 'settings', mountPath: '/settings' },
        { name: 'keys', mountPath: '/keys' },
        { name: 'about', mountPath: '/about' },
        { name: 'scratch', mountPath: '/scratch' },
      ],
    });
    await pods.phase('sources', 'Succeeded');
    const lines = (await pods.logs('sources')).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'env colour=blue',
        'env size=9',
        'env TOKEN=hush',
        'env NODE=krustlet',
        'env JOINED=krustlet-blue',
        'cat /settings/colour: blue',
        'cat /keys/token: hush',
        'cat /about/labels: sources',
        'ls /scratch: a',
      ]),
    );
    await pods.delete('sources');
  });

  test('serves logs with the parameters of kubectl', async () => {
    const { pods, images } = cluster;
    await pods.run({
      name: 'talks',
      image: images.printer,
      args: ['say', 'one', 'complain', 'two', 'say', 'three'],
    });
    await pods.phase('talks', 'Succeeded');
    expect(await pods.logs('talks')).toBe('one\ntwo\nthree\n');
    expect(await pods.logs('talks', '--tail=1')).toBe('three\n');
    expect(await pods.logs('talks', '--limit-bytes=3')).toBe('one');
    expect(await pods.logs('talks', '--timestamps', '--tail=1')).toMatch(
      /^\d{4}-\d\d-\d\dT[\d:.]+Z three\n$/,
    );
    expect(await pods.logs('talks', '--since-time=2999-01-01T00:00:00Z')).toBe('');
    await pods.delete('talks');
  });

  test('follows a log until the container ends', async () => {
    const { kubectl, pods, images } = cluster;
    await pods.run({
      name: 'slow',
      image: images.printer,
      args: ['say', 'first', 'sleep', '1.5', 'say', 'last'],
    });
    await pods.container('slow', '.started', 'true').catch(() => {});
    await using follow = kubectl.start(['logs', '--follow', 'slow']);
    await follow.stdout.find(/^first$/);
    await follow.exited;
    expect(follow.stdout.text).toBe('first\nlast\n');
    await pods.delete('slow');
  });

  test('runs init containers one by one before the others', async () => {
    const { pods, images } = cluster;
    const shared = [{ name: 'shared', mountPath: '/shared' }];
    await pods.run({
      name: 'prepared',
      image: images.printer,
      args: ['cat', '/shared/order'],
      volumes: [{ name: 'shared', emptyDir: {} }],
      volumeMounts: shared,
      spec: {
        initContainers: ['first', 'second'].map((name) => ({
          name,
          image: images.printer,
          args: ['append', '/shared/order', `${name} `],
          volumeMounts: shared,
        })),
      },
    });
    await pods.phase('prepared', 'Succeeded');
    expect(await pods.logs('prepared')).toBe('cat /shared/order: first second \n');
    await pods.delete('prepared');
  });

  test('answers nobody without credentials, and nobody without rights', async () => {
    const { kubectl, node, controlPlane } = cluster;
    const own = controlPlane.own;
    expect(own).toBeDefined();
    const ca = own?.authority.certificate ?? '';
    const ask = (path: string, options: object): Promise<number> =>
      statusOf(node.port, path, { ca, ...options });
    expect(await ask('/pods', {})).toBe(401);
    expect(await ask('/containerLogs/default/x/main', {})).toBe(401);
    expect(await ask('/pods', { headers: { authorization: 'Bearer nonsense' } })).toBe(401);
    await kubectl(['create', 'serviceaccount', 'nobody']);
    const token = (await kubectl(['create', 'token', 'nobody'])).trim();
    expect(await ask('/pods', { headers: { authorization: `Bearer ${token}` } })).toBe(403);
    const stranger = await own?.authority.client('stranger');
    expect(await ask('/pods', { cert: stranger?.certificate, key: stranger?.key })).toBe(403);
    await kubectl([
      'create',
      'clusterrolebinding',
      'reader',
      '--clusterrole=system:kubelet-api-admin',
      '--user=reader',
    ]);
    const reader = await own?.authority.client('reader');
    expect(await ask('/pods', { cert: reader?.certificate, key: reader?.key })).toBe(200);
    await kubectl(['delete', 'clusterrolebinding', 'reader']);
  });

  test('ends a looping guest within its grace period, and its object is gone', async () => {
    const { kubectl, pods, images } = cluster;
    await pods.run({ name: 'looping', image: images.printer, args: ['loop'], restartPolicy: 'Always' });
    await pods.phase('looping', 'Running');
    const before = performance.now();
    await kubectl(['delete', 'pod', 'looping', '--grace-period=10', '--wait']);
    expect(performance.now() - before).toBeLessThan(10_000);
    expect(await kubectl(['get', 'pod', 'looping', '--ignore-not-found'])).toBe('');
  });

  test('rolls a Deployment out, scales it to zero and back', async () => {
    const { kubectl, images } = cluster;
    const labels = { app: 'web' };
    await kubectl.apply({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: {
        replicas: 3,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: podSpec({
            name: 'web',
            image: images.printer,
            args: ['sleep', '3600'],
            restartPolicy: 'Always',
          }),
        },
      },
    });
    await kubectl(['rollout', 'status', 'deployment/web', '--timeout=60s']);
    expect(await readyReplicas()).toBe(3);
    await kubectl(['scale', 'deployment/web', '--replicas=0']);
    await kubectl(['wait', '--for=delete', 'pod', '--selector=app=web', '--timeout=60s']);
    await kubectl(['scale', 'deployment/web', '--replicas=3']);
    await kubectl(['rollout', 'status', 'deployment/web', '--timeout=60s']);
    expect(await readyReplicas()).toBe(3);
    await kubectl(['delete', 'deployment', 'web', '--cascade=foreground']);

    async function readyReplicas(): Promise<unknown> {
      return (await kubectl.get<{ status: { readyReplicas?: number } }>('deployment', 'web')).status
        .readyReplicas;
    }
  });

  test('lets a Job fail at its back-off limit, and another succeed', async () => {
    const { kubectl, images } = cluster;
    const job = (name: string, code: string) => ({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name },
      spec: {
        backoffLimit: 1,
        template: {
          spec: podSpec({ name, image: images.printer, args: ['exit', code], restartPolicy: 'Never' }),
        },
      },
    });
    await kubectl.apply(job('succeeds', '0'));
    await kubectl.apply(job('fails', '3'));
    await kubectl(['wait', '--for=condition=Complete', 'job/succeeds', '--timeout=60s']);
    await kubectl(['wait', '--for=condition=Failed', 'job/fails', '--timeout=120s']);
    const failed = await kubectl.get<JobObject>('job', 'fails');
    expect(failed.status.conditions).toContainEqual(
      expect.objectContaining({ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded' }),
    );
    expect(failed.status.failed).toBe(2);
    await kubectl(['delete', 'job', 'succeeds', 'fails', '--cascade=foreground']);
  });

  test('keeps a private image from pods without its credentials', async () => {
    const { kubectl, pods } = cluster;
    const image = `${guarded.host}/ferris/printer:v1`;
    const push = await runWasmlet(['login', guarded.host, '-u', guarded.user, '--password-stdin'], {
      env: pushEnvironment(),
      input: guarded.password,
    });
    expect(push).toMatchObject({ code: 0 });
    expect(await runWasmlet(['push', guestPath('printer'), image], { env: pushEnvironment() })).toMatchObject(
      {
        code: 0,
      },
    );
    await kubectl([
      'create',
      'secret',
      'docker-registry',
      'guarded',
      `--docker-server=${guarded.host}`,
      `--docker-username=${guarded.user}`,
      `--docker-password=${guarded.password}`,
    ]);
    await pods.run({
      name: 'member',
      image,
      args: ['say', 'in'],
      spec: { imagePullSecrets: [{ name: 'guarded' }] },
    });
    await pods.phase('member', 'Succeeded');
    await pods.run({ name: 'guest', image, args: ['say', 'in'] });
    const refused = await pods.container('guest', '.state.waiting.reason', 'ImagePullBackOff');
    expect(refused.status.phase).toBe('Pending');
    await pods.delete('member', 'guest');
  });

  test('says what is wrong with a pod that cannot run', async () => {
    const { pods, images, registry } = cluster;
    const unknown = await cluster.push('unknown-import', textGuests.unknownImport);
    await pods.run({
      name: 'bad-annotation',
      image: images.hello,
      annotations: { 'alpha.wasi.krustlet.dev/allowed-domains': 'https://no-json' },
    });
    await pods.run({ name: 'no-image', image: `${registry.host}/nothing:v1` });
    await pods.run({ name: 'no-import', image: unknown });
    await pods.run({
      name: 'no-configmap',
      image: images.hello,
      envFrom: [{ configMapRef: { name: 'missing' } }],
    });
    const waiting = async (name: string, reason: string): Promise<string> =>
      (await pods.container(name, '.state.waiting.reason', reason)).status.containerStatuses?.[0]?.state
        .waiting?.message ?? '';
    expect(await waiting('bad-annotation', 'CreateContainerConfigError')).toContain(
      'alpha.wasi.krustlet.dev/allowed-domains',
    );
    expect(await waiting('no-configmap', 'CreateContainerConfigError')).toContain(
      'configmap "missing" not found',
    );
    expect(await waiting('no-image', 'ImagePullBackOff')).toContain('nothing:v1');
    expect(await waiting('no-import', 'CreateContainerError')).toContain('mystery');
    await pods.delete('bad-annotation', 'no-image', 'no-import', 'no-configmap');
  });

  test('leaves images of other platforms pending and names what is missing', async () => {
    const { pods, registry } = cluster;
    await pods.run({ name: 'container', image: await pushLinuxImage(registry.host, 'nginx') });
    const seen = await pods.container('container', '.state.waiting.reason', 'ImagePullBackOff');
    expect(seen.status.phase).toBe('Pending');
    expect(await cluster.kubectl(['describe', 'pod', 'container'])).toMatch(
      /ErrImagePull[^]*wasi\/wasm|wasi\/wasm[^]*ErrImagePull/,
    );
    await pods.delete('container');
  });

  // Last: it looks back on everything that the tests above did.
  test('works with nothing but its own identity', async () => {
    const { kubectl, controlPlane } = cluster;
    const bindings = [
      ...(await kubectl.get<ObjectList>('clusterrolebindings')).items,
      ...(await kubectl.get<ObjectList>('rolebindings', '--all-namespaces')).items,
    ];
    const naming = bindings.filter((binding) => {
      const subjects = (binding['subjects'] ?? []) as readonly { name: string }[];
      return subjects.some(({ name }) => name === 'system:node:krustlet' || name === 'system:nodes');
    });
    // What kubeadm binds to nodes: the approval of their own renewals.
    expect(naming.map(({ metadata }) => metadata.name)).toEqual([
      'kubeadm:node-autoapprove-certificate-rotation',
    ]);

    const events = (await controlPlane.own?.audit()) ?? [];
    const nodes = events.filter(({ user }) => user.username === 'system:node:krustlet');
    expect(nodes.length).toBeGreaterThan(50);
    expect(nodes.filter(readsManyObjects).map(({ requestURI }) => requestURI)).toEqual([]);
    const refused = nodes.filter(({ responseStatus }) => responseStatus?.code === 403);
    expect(
      refused.map(({ verb, requestURI, requestReceivedTimestamp: at }) => `${at} ${verb} ${requestURI}`),
    ).toEqual([]);
  });

  function pushEnvironment(): Record<string, string | undefined> {
    return {
      PATH: process.env['PATH'],
      HOME: join(cluster.controlPlane.scratch.path, 'home-pusher'),
      NODE_EXTRA_CA_CERTS: guarded.caFile,
    };
  }
});

interface NodeObject extends KubernetesObject {
  readonly spec: { readonly taints: readonly object[] };
  readonly status: {
    readonly nodeInfo: Readonly<Record<string, string>>;
    readonly addresses: readonly object[];
    readonly conditions: readonly { readonly type: string; readonly status: string }[];
  };
}

interface JobObject extends KubernetesObject {
  readonly status: { readonly failed?: number; readonly conditions: readonly object[] };
}

interface ObjectList {
  readonly items: readonly KubernetesObject[];
}

function statusOf(port: number, path: string, options: object): Promise<number> {
  return new Promise((resolve, reject) => {
    request(`https://127.0.0.1:${port}${path}`, { agent: false, ...options }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
    })
      .once('error', reject)
      .end();
  });
}
