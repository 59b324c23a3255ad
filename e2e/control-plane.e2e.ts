import { existsSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ControlPlane, startControlPlane } from './fixtures/control-plane.ts';
import { processesUnder, stillRunning, untilGone } from './fixtures/process-tree.ts';
import { describeWith } from './fixtures/requirements.ts';
import { startProcess } from './fixtures/running-process.ts';
import { openScratchDirectory } from './fixtures/scratch-directory.ts';

await describeWith('a control plane for tests', ['control plane'], () => {
  let cluster: ControlPlane;
  let startedInMs: number;

  beforeAll(async () => {
    const before = performance.now();
    cluster = await startControlPlane();
    startedInMs = performance.now() - before;
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  test('is up in seconds and says its version', async () => {
    expect(await cluster.kubectl(['get', '--raw', '/readyz'])).toBe('ok');
    const versions = await cluster.kubectl(['version']);
    process.stdout.write(`Control plane ready after ${Math.round(startedInMs)} ms\n${versions}`);
    expect(versions).toMatch(/Server Version: v1\.\d+\.\d+/);
  });

  test('lets holders of a bootstrap token ask for a node certificate and nothing else', async () => {
    const asBootstrapper = [
      '--as=system:bootstrap:abcdef',
      '--as-group=system:bootstrappers',
      '--as-group=system:bootstrappers:kubeadm:default-node-token',
    ];
    const can = async (...question: readonly string[]): Promise<string> =>
      (await cluster.kubectl.attempt(['auth', 'can-i', ...question, ...asBootstrapper])).stdout.trim();
    expect(await can('create', 'certificatesigningrequests')).toBe('yes');
    expect(await can('create', 'certificatesigningrequests/nodeclient.certificates.k8s.io')).toBe('yes');
    expect(await can('get', 'secrets')).toBe('no');
    expect(await can('list', 'pods')).toBe('no');
  });

  test('lets the API server reach kubelets by authorisation, not as an administrator', async () => {
    const groups = await cluster.kubectl([
      'auth',
      'can-i',
      'get',
      'nodes/log',
      '--as=kube-apiserver-kubelet-client',
    ]);
    expect(groups.trim()).toBe('yes');
    const admin = await cluster.kubectl.attempt([
      'auth',
      'can-i',
      'delete',
      'pods',
      '--as=kube-apiserver-kubelet-client',
    ]);
    expect(admin.stdout.trim()).toBe('no');
  });

  test('records who asked for what', async () => {
    await cluster.kubectl(['get', 'secrets', '--namespace=kube-system']);
    const events = (await cluster.own?.audit()) ?? [];
    expect(events).toContainEqual(
      expect.objectContaining({
        verb: 'list',
        user: expect.objectContaining({ username: 'e2e-admin' }),
        objectRef: expect.objectContaining({ resource: 'secrets', namespace: 'kube-system' }),
      }),
    );
  });

  test('leaves no process and no file behind', async () => {
    const before = processesUnder(process.pid).map(({ pid }) => pid);
    const another = await startControlPlane();
    const pids = processesUnder(process.pid)
      .map(({ pid }) => pid)
      .filter((pid) => !before.includes(pid));
    expect(pids.length).toBeGreaterThanOrEqual(4);
    await another[Symbol.asyncDispose]();
    expect(stillRunning(pids)).toEqual([]);
    expect(existsSync(another.scratch.path)).toBe(false);
  });

  test('leaves nothing behind after a crash of the tests either', async () => {
    const script = fileURLToPath(new URL('fixtures/crashing-run.ts', import.meta.url));
    await using run = startProcess(process.execPath, ['--conditions=@wasmlet/source', script]);
    const [said] = await run.stdout.find(/^\{.*\}$/);
    const { pids, directory } = JSON.parse(said) as { pids: number[]; directory: string };
    expect(pids.length).toBeGreaterThanOrEqual(4);
    run.kill('SIGKILL');
    await run.exited;
    expect(await untilGone(pids, 2_000)).toEqual([]);
    expect(existsSync(directory)).toBe(true);
    await using _next = await openScratchDirectory('sweep');
    expect(existsSync(directory)).toBe(false);
  });
});
