import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { reservePort } from '../../../src/api/reserved-port.ts';
import { ClusterError, type KubeEvent } from '../../../src/cluster/cluster.ts';
import { createMemoryCluster, type MemoryCluster } from '../../../src/cluster/memory/memory-cluster.ts';
import { createKubelet, type Kubelet } from '../../../src/node/kubelet.ts';
import type { KubeletOptions } from '../../../src/node/kubelet-options.ts';
import { silentLogger } from '../../../src/node/logger.ts';
import { createScriptedProvider, type ScriptedProvider, virtualClock } from '../../../src/testing.ts';
import { createAuthority } from '../../fixtures/certificate-authority.ts';
import { eventually } from '../../fixtures/eventually.ts';
import { podManifest } from '../../fixtures/pod-manifest.ts';
import { mebibyte } from './node-fixture.ts';

interface Setup extends AsyncDisposable {
  readonly kubelet: Kubelet;
  readonly cluster: MemoryCluster;
  readonly provider: ScriptedProvider;
  readonly time: ReturnType<typeof virtualClock>;
  readonly events: readonly KubeEvent[];
  readonly warnings: readonly string[];
  /** What {@link Kubelet.run} has come to. */
  readonly outcome: Promise<unknown>;
  stop(): void;
}

interface SetupOptions extends Partial<KubeletOptions> {
  readonly fault?: ClusterError;
}

async function setUp({ fault, ...options }: SetupOptions = {}): Promise<Setup> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'kubelet-node-'));
  const time = virtualClock();
  const { clock } = time;
  const cluster = createMemoryCluster({ nodeName: 'n1', clock });
  const events: KubeEvent[] = [];
  cluster.onEvent((event) => events.push(event));
  const runs = [{ lastsMs: 'forever' as const }];
  const provider = createScriptedProvider({ images: { 'test/app:1': { runs } }, clock });
  const warnings: string[] = [];
  const create: MemoryCluster['nodes']['create'] = (node, abort) =>
    fault === undefined ? cluster.nodes.create(node, abort) : Promise.reject(fault);
  const kubelet = createKubelet({
    nodeName: 'n1',
    cluster: { ...cluster, nodes: { ...cluster.nodes, create } },
    provider,
    dataDirectory,
    node: { addresses: ['192.0.2.1'] },
    machine: {
      facts: () =>
        Promise.resolve({
          cpuCores: 1,
          memoryBytes: 1_024 * mebibyte,
          storageBytes: 10_000 * mebibyte,
          machineId: 'm',
          systemUuid: 's',
          bootId: 'b',
          kernelVersion: '6',
          osImage: 'Test OS',
        }),
      usage: () => Promise.resolve({ freeMemoryBytes: 500 * mebibyte, freeStorageBytes: 9_000 * mebibyte }),
    },
    clock,
    random: () => 0,
    logger: { ...silentLogger, warn: (_fields, message) => warnings.push(message) },
    ...options,
  });
  const abort = new AbortController();
  const outcome = kubelet.run({ signal: abort.signal }).then(
    () => 'stopped',
    (error: unknown) => error,
  );
  return {
    kubelet,
    cluster,
    provider,
    time,
    events,
    warnings,
    outcome,
    stop: () => abort.abort(),
    async [Symbol.asyncDispose]() {
      abort.abort();
      await outcome;
      await provider[Symbol.asyncDispose]();
      await rm(dataDirectory, { recursive: true, force: true });
      expect(time.sleeping).toBe(0);
    },
  };
}

const tolerations = [{ key: 'kubernetes.io/arch', operator: 'Exists' }];

function phaseOf({ cluster }: Setup, name: string): string | undefined {
  return cluster.get('Pod', 'default', name)?.status?.phase;
}

describe('a kubelet', () => {
  test('registers, becomes ready and runs pods, in no time', async () => {
    await using setup = await setUp();
    await setup.kubelet.ready;
    setup.cluster.apply(podManifest('p', { tolerations }));
    await eventually(() => phaseOf(setup, 'p') === 'Running');
    const node = setup.cluster.get('Node', undefined, 'n1');
    expect(node?.spec?.taints).toEqual([
      { key: 'kubernetes.io/arch', value: 'wasm32-test', effect: 'NoSchedule' },
      { key: 'kubernetes.io/arch', value: 'wasm32-test', effect: 'NoExecute' },
    ]);
    expect(node?.status?.addresses).toEqual([{ type: 'InternalIP', address: '192.0.2.1' }]);
    expect(setup.cluster.get('Pod', 'default', 'p')?.status).toMatchObject({ hostIP: '192.0.2.1' });
    expect(setup.events.map(({ reason }) => reason)).toEqual(
      expect.arrayContaining(['Starting', 'NodeReady']),
    );
    expect(setup.kubelet.pods()).toHaveLength(1);
    expect(setup.time.clock.now().toISOString()).toBe('2026-01-01T00:00:00.000Z');
  });

  test('refuses a pod that does not tolerate its taints, and one that asks for too much', async () => {
    await using setup = await setUp();
    setup.cluster.apply(podManifest('stranger'));
    const resources = { requests: { cpu: '2' } };
    setup.cluster.apply(
      podManifest('glutton', { tolerations, containers: [{ name: 'c', image: 'test/app:1', resources }] }),
    );
    await eventually(() => phaseOf(setup, 'stranger') === 'Failed' && phaseOf(setup, 'glutton') === 'Failed');
    expect(setup.cluster.get('Pod', 'default', 'stranger')?.status).toMatchObject({
      reason: 'TaintToleration',
      message: expect.stringMatching(/^Pod was rejected: /) as string,
    });
    expect(setup.cluster.get('Pod', 'default', 'glutton')?.status?.reason).toBe('OutOfcpu');
    expect(setup.provider.started).toEqual([]);
  });

  test('stops its guests, leaves its pods non-terminal and its lease, and resolves', async () => {
    await using setup = await setUp();
    setup.cluster.apply(podManifest('p', { tolerations }));
    await eventually(() => phaseOf(setup, 'p') === 'Running');
    setup.stop();
    expect(await setup.outcome).toBe('stopped');
    expect(setup.provider.running).toEqual([]);
    expect(phaseOf(setup, 'p')).toBe('Running');
    expect(setup.cluster.get('Lease', 'kube-node-lease', 'n1')).toBeDefined();
    expect(setup.cluster.get('Node', undefined, 'n1')).toBeDefined();
  });

  test('waits for an API server that is away, and stops cleanly while it does', async () => {
    await using setup = await setUp({ fault: new ClusterError('Unavailable', 'away') });
    await setup.time.advance(60_000);
    expect(setup.warnings).toContain('registering the node failed, trying again');
    setup.stop();
    expect(await setup.outcome).toBe('stopped');
    await expect(setup.kubelet.ready).rejects.toBeDefined();
  });

  test('rejects when the API server does not accept the node', async () => {
    await using setup = await setUp({ fault: new ClusterError('Invalid', 'metadata.name') });
    expect(await setup.outcome).toMatchObject({ code: 'Invalid' });
    await expect(setup.kubelet.ready).rejects.toMatchObject({ code: 'Invalid' });
  });

  test('tells its health part by part', async () => {
    await using port = await reservePort({ address: '127.0.0.1', port: 0, portOption: '--healthz-port' });
    await using setup = await setUp({ healthz: { port } });
    await setup.kubelet.ready;
    const healthz = `http://127.0.0.1:${port.port}/healthz`;
    const headers = { connection: 'close' };
    const verbose = await fetch(`${healthz}?verbose`, { headers });
    expect(await verbose.text()).toBe(
      '[+]ping ok\n[+]log ok\n[+]syncloop ok\n[+]runtime ok\nhealthz check passed\n',
    );
    setup.provider.setHealth({ healthy: false, message: 'no memory' });
    expect((await fetch(`${healthz}/runtime`, { headers })).status).toBe(500);
    expect((await fetch(`${healthz}/syncloop`, { headers })).status).toBe(200);
  });

  test('does not register when it cannot have its port', async () => {
    const portOption = '--healthz-port';
    await using other = await reservePort({ address: '127.0.0.1', port: 0, portOption });
    await using setup = await setUp({ healthz: { port: other.port } });
    expect(await setup.outcome).toMatchObject({ code: 'PORT_IN_USE' });
    expect(setup.cluster.get('Node', undefined, 'n1')).toBeUndefined();
    expect(setup.events).toEqual([]);
  });

  test('stops everything when its feed of pods fails', async () => {
    const cluster = createMemoryCluster({ nodeName: 'n1' });
    const failure = new Error('the feed broke');
    const pods = {
      watch: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(failure) }) }),
    };
    await using setup = await setUp({ cluster: { ...cluster, pods } });
    expect(await setup.outcome).toBe(failure);
  });

  test('warns of labels that it may not set', async () => {
    await using setup = await setUp({
      node: { addresses: ['127.0.0.1'], labels: { 'node-role.kubernetes.io/x': '', team: 'a' } },
    });
    await setup.kubelet.ready;
    expect(setup.cluster.get('Node', undefined, 'n1')?.metadata?.labels).toMatchObject({ team: 'a' });
    expect(setup.warnings).toEqual(['label is not set']);
  });

  test('that serves its API tells the port, and warns of an address that nobody reaches', async () => {
    const authority = await createAuthority();
    const serving = await authority.issue({ commonName: 'system:node:n1', ip: '127.0.0.1' });
    const tls = { current: () => serving, subscribe: () => () => undefined };
    await using setup = await setUp({
      node: { addresses: ['127.0.0.1'] },
      server: { address: '127.0.0.1', port: 0, tls },
    });
    await setup.kubelet.ready;
    const { daemonEndpoints } = setup.cluster.get('Node', undefined, 'n1')?.status ?? {};
    expect(daemonEndpoints?.kubeletEndpoint?.Port).toBeGreaterThan(1_023);
    expect(setup.warnings).toEqual(['the node address is loopback: only this machine reaches the node']);
  });
});
