import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ComplianceCheck,
  containerSpec,
  openPod,
  podSpec,
  readOutput,
  rejectsWith,
  runToEnd,
  start,
} from './compliance-node.ts';

/** More than a provider may need to stop what does not resist. */
const promptMs = 10_000;

/** How a provider runs containers. */
export const containerCases: readonly ComplianceCheck[] = [
  {
    name: 'runs a container to its end, with its output in its log by then',
    async check(setup) {
      const before = Date.now();
      await using pod = await openPod(setup);
      const { container, spec } = await start(setup, pod, setup.printer);
      const { exitCode, reason, finishedAt } = await container.exited;
      assert.deepEqual({ exitCode, reason }, { exitCode: 0, reason: 'Completed' });
      assert.ok(finishedAt >= container.startedAt, 'it ended before it had started');
      assert.ok(
        Math.abs(container.startedAt.getTime() - before) < 60_000,
        'startedAt is not the time of its start',
      );
      assert.deepEqual(await readOutput(spec.logPath), [setup.printer.line]);
    },
  },
  {
    name: 'says with which code a container has ended',
    async check(setup) {
      const { exit } = await runToEnd(setup, setup.failing);
      assert.equal(exit.exitCode, setup.failing.exitCode);
      assert.equal(exit.reason, 'Error');
    },
  },
  {
    name: 'says what went wrong when a container breaks',
    async check(setup) {
      if (setup.trapping === undefined) return;
      const { exit } = await runToEnd(setup, setup.trapping);
      assert.equal(exit.exitCode, 134);
      assert.equal(exit.reason, 'Error');
      assert.ok(exit.message, 'no message');
    },
  },
  {
    name: 'tells those who ask late as well how a container has ended',
    async check(setup) {
      await using pod = await openPod(setup);
      const { container } = await start(setup, pod, setup.failing);
      const first = await container.exited;
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(await container.exited, first);
      assert.deepEqual(await container.stop({ graceMs: 1_000 }), first);
    },
  },
  {
    name: 'stops a container within its grace, however often it is asked to',
    async check(setup) {
      await using pod = await openPod(setup);
      const { container } = await start(setup, pod, setup.lasting);
      const begun = performance.now();
      const [exit, again] = await Promise.all([
        container.stop({ graceMs: 2_000 }),
        container.stop({ graceMs: 2_000 }),
      ]);
      assert.ok(performance.now() - begun < 2_000 + promptMs, 'it took longer than its grace');
      assert.ok(exit.exitCode === 143 || exit.exitCode === 137, `it ended with ${exit.exitCode}`);
      assert.equal(exit.reason, 'Error');
      assert.deepEqual(again, exit);
      assert.deepEqual(await container.exited, exit);
    },
  },
  {
    name: 'kills a container at once when it has no grace',
    async check(setup) {
      await using pod = await openPod(setup);
      const { container } = await start(setup, pod, setup.lasting);
      const begun = performance.now();
      await container.stop({ graceMs: 0 });
      assert.ok(performance.now() - begun < promptMs, 'it took its time');
    },
  },
  {
    name: 'gives every run another id and its own log',
    async check(setup) {
      await using pod = await openPod(setup);
      const ids = new Set<string>();
      for (const attempt of [0, 1, 2]) {
        const { container, spec } = await start(setup, pod, setup.printer, { attempt });
        await container.exited;
        assert.match(container.id, /^[^/:\s]+$/);
        ids.add(container.id);
        assert.deepEqual(await readOutput(spec.logPath), [setup.printer.line]);
      }
      assert.equal(ids.size, 3);
    },
  },
  {
    name: 'runs containers of one pod side by side',
    async check(setup) {
      await using pod = await openPod(setup);
      const lasting = await start(setup, pod, setup.lasting, { name: 'lasting' });
      const others = await Promise.all(['a', 'b'].map((name) => start(setup, pod, setup.printer, { name })));
      const exits = await Promise.all(others.map(({ container }) => container.exited));
      assert.deepEqual(
        exits.map(({ exitCode }) => exitCode),
        [0, 0],
      );
      await lasting.container.stop({ graceMs: 0 });
    },
  },
  {
    name: 'starts nothing when its signal has aborted',
    async check(setup) {
      await using pod = await openPod(setup);
      const spec = await containerSpec(setup, setup.printer);
      const reason = new Error('the pod was deleted');
      const starting = pod.startContainer(spec, { signal: AbortSignal.abort(reason) });
      await assert.rejects(starting, (error) => error === reason);
      assert.equal(await readFile(spec.logPath, 'utf8').catch(() => ''), '');
    },
  },
  {
    name: 'gives a container its variables, and none of the daemon’s',
    async check(setup) {
      if (setup.environment === undefined) return;
      const env = [
        { name: 'SECOND', value: 'two words' },
        { name: 'FIRST', value: '$(SECOND)' },
      ];
      const { output } = await runToEnd(setup, setup.environment, { env });
      for (const { name, value } of env) {
        assert.ok(
          output.some((line) => line.includes(`${name}=${value}`)),
          `${name}=${value} is not in ${JSON.stringify(output)}`,
        );
      }
      assert.ok(!output.some((line) => line.includes('PATH=')), 'it has the PATH of the daemon');
    },
  },
  {
    name: 'mounts directories, and keeps guests from writing into those that are read-only',
    async check(setup) {
      if (setup.reading === undefined || setup.writing === undefined) return;
      const hostPath = join(setup.directory, 'shared');
      await mkdir(hostPath);
      await writeFile(join(hostPath, 'file'), 'from the host');
      const mounted = (readOnly: boolean) => ({ mounts: [{ hostPath, containerPath: '/data', readOnly }] });
      const { output } = await runToEnd(setup, setup.reading('/data/file'), mounted(true));
      assert.ok(output.join('\n').includes('from the host'), `it has read ${JSON.stringify(output)}`);
      await runToEnd(setup, setup.writing('/data/file'), mounted(true));
      assert.equal(await readFile(join(hostPath, 'file'), 'utf8'), 'from the host');
    },
  },
  {
    name: 'lets a container write into its termination log',
    async check(setup) {
      if (setup.writing === undefined) return;
      const spec = await podSpec(setup);
      await using pod = await setup.provider.openPod(spec);
      const hostPath = join(spec.directory, 'why');
      await writeFile(hostPath, '');
      await chmod(hostPath, 0o666);
      const containerPath = '/dev/termination-log';
      const terminationLog = { hostPath, root: spec.directory, containerPath, readOnly: false };
      const { container } = await start(setup, pod, setup.writing(containerPath), { terminationLog });
      await container.exited;
      assert.notEqual(await readFile(hostPath, 'utf8'), '', 'nothing was written');
    },
  },
  {
    name: 'keeps guests inside of their mounts',
    async check(setup) {
      if (setup.reading === undefined) return;
      const hostPath = join(setup.directory, 'shared');
      await mkdir(hostPath);
      await writeFile(join(setup.directory, 'secret'), 'not for guests');
      const mounts = [{ hostPath, containerPath: '/data', readOnly: false }];
      for (const path of ['/data/../secret', join(setup.directory, 'secret')]) {
        const { output } = await runToEnd(setup, setup.reading(path), { mounts });
        assert.ok(!output.join('\n').includes('not for guests'), `${path} leads out`);
      }
    },
  },
  {
    name: 'mounts nothing to which a link below the mount’s root leads',
    async check(setup) {
      if (setup.reading === undefined) return;
      const { reading } = setup;
      const root = join(setup.directory, 'volumes');
      await mkdir(join(root, 'real/sub'), { recursive: true });
      await writeFile(join(root, 'real/sub/file'), 'from the host');
      await symlink('real', join(root, 'link'));
      await symlink('sub', join(root, 'real/link'));
      const readIn = async (path: string) => {
        const mounts = [{ hostPath: join(root, path), root, containerPath: '/data', readOnly: true }];
        return (await runToEnd(setup, reading('/data/file'), { mounts })).output.join('\n');
      };
      assert.ok((await readIn('real/sub')).includes('from the host'), 'a mount without links is not there');
      for (const path of ['link/sub', 'real/link']) {
        await rejectsWith(readIn(path), 'CONTAINER_CREATE', 'CONTAINER_START');
      }
    },
  },
];
