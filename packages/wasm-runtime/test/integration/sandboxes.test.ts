import { chmod, link, lstat, mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { afterAll, describe, expect, test } from 'vitest';
import { createRuntime, type Sandbox } from '../../src/index.ts';
import { guests } from '../fixtures/guests.ts';
import { finish, isAlive, scratchDirectory, specOf } from '../fixtures/start-guest.ts';

const runtime = createRuntime();
afterAll(() => runtime[Symbol.asyncDispose]());
const asRoot = process.platform === 'linux' && process.getuid?.() === 0;

const uidOf = async (path: string): Promise<number> => (await lstat(path)).uid;
const userOf = ({ user }: Sandbox): number => user?.uid ?? Number.NaN;

describe('a sandbox', () => {
  test('kills all its guests when it is closed, and starts no more', async () => {
    const sandbox = await runtime.openSandbox({ id: 'pod-1' });
    const running = [
      await sandbox.start(await specOf(guests.loop)),
      await sandbox.start(await specOf(guests.sleep)),
    ];
    await sandbox[Symbol.asyncDispose]();
    expect(await Promise.all(running.map(({ pid }) => isAlive(pid)))).toEqual([false, false]);
    await expect(sandbox.start(await specOf(guests.hello))).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test('rejects starts that are under way when it is closed', async () => {
    await using cold = createRuntime({ pool: { idle: 0 } });
    const sandbox = await cold.openSandbox({ id: 'pod-1' });
    const start = sandbox.start(await specOf(guests.loop));
    const outcome = start.catch((error: unknown) => error);
    await sandbox[Symbol.asyncDispose]();
    await expect(outcome).resolves.toMatchObject({ code: 'CLOSED' });
  });
});

describe.runIf(asRoot)('a sandbox of an application that is root', () => {
  test('gives its guests one user, other sandboxes another', async () => {
    await using one = await runtime.openSandbox({ id: 'pod-1' });
    await using other = await runtime.openSandbox({ id: 'pod-2' });
    const uids = await Promise.all(
      [one, one, other].map(async (sandbox) => {
        const { pid } = await sandbox.start(await specOf(guests.sleep));
        const status = await readFile(`/proc/${pid}/status`, 'utf8');
        return Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
      }),
    );
    expect(uids).toEqual([userOf(one), userOf(one), userOf(other)]);
    expect(userOf(one)).not.toBe(userOf(other));
  });

  test('hands its directories over: files, folders, links themselves', async () => {
    await using scratch = await scratchDirectory();
    const volumes = `${scratch.path}/volumes`;
    const outside = `${scratch.path}/outside`;
    await mkdir(`${volumes}/sub`, { recursive: true });
    await Promise.all([writeFile(outside, ''), writeFile(`${volumes}/sub/file`, '')]);
    await symlink(outside, `${volumes}/link`);
    await link(outside, `${volumes}/hard`);
    await using sandbox = await runtime.openSandbox({ id: 'pod-1', directories: [volumes] });
    const paths = [volumes, `${volumes}/sub`, `${volumes}/sub/file`, `${volumes}/link`];
    expect(await Promise.all(paths.map(uidOf))).toEqual(paths.map(() => userOf(sandbox)));
    expect(await uidOf(outside)).toBe(0);
  });

  test('keeps the user that its directories have from an earlier life', async () => {
    await using scratch = await scratchDirectory();
    const earlier = await runtime.openSandbox({ id: 'pod-1', directories: [scratch.path] });
    await earlier[Symbol.asyncDispose]();
    await using restarted = createRuntime({ pool: { idle: 0 } });
    await using sandbox = await restarted.openSandbox({ id: 'pod-1', directories: [scratch.path] });
    expect(userOf(sandbox)).toBe(userOf(earlier));
  });

  test('whose directory is missing rejects with its name', async () => {
    await expect(
      runtime.openSandbox({ id: 'pod-1', directories: ['/nonexistent/volumes'] }),
    ).rejects.toMatchObject({
      code: 'INVALID_MOUNT',
      message: expect.stringContaining('/nonexistent/volumes') as unknown,
    });
  });

  test('writes a log in a directory that its user may not write, and reads a mount below a private one', async () => {
    await using scratch = await scratchDirectory();
    await mkdir(`${scratch.path}/logs`, { mode: 0o755 });
    await mkdir(`${scratch.path}/private/volume`, { recursive: true });
    await chmod(`${scratch.path}/private`, 0o700);
    const path = `${scratch.path}/logs/0.log`;
    const mounts = [{ hostPath: `${scratch.path}/private/volume`, guestPath: '/data' }];
    await using sandbox = await runtime.openSandbox({ id: 'pod-1' });
    const guest = await sandbox.start(
      await specOf(guests.hello, { output: { kind: 'cri-log', path }, mounts }),
    );
    await expect(guest.exited).resolves.toMatchObject({ kind: 'exited', code: 0 });
    expect(await readFile(path, 'utf8')).toMatch(/ stdout F Hello, World!\n$/);
    expect(await uidOf(path)).toBe(userOf(sandbox));
    expect(await uidOf(`${scratch.path}/logs`)).toBe(0);
  });

  test('mounts nothing that a guest has put a link in place of, at the end or on the way', async () => {
    await using scratch = await scratchDirectory();
    const root = `${scratch.path}/volumes`;
    const secret = `${scratch.path}/private/secret`;
    await mkdir(`${root}/data/deep/er`, { recursive: true });
    await mkdir(`${secret}/er`, { recursive: true });
    await chmod(`${scratch.path}/private`, 0o700);
    await using sandbox = await runtime.openSandbox({ id: 'pod-1', directories: [root] });
    const start = async (hostPath: string) =>
      sandbox.start(await specOf(guests.hello, { mounts: [{ hostPath, root, guestPath: '/data' }] }));
    const paths = [`${root}/data/deep`, `${root}/data/deep/er`];
    for (const path of paths) {
      const guest = await start(path);
      await expect(finish(guest)).resolves.toMatchObject({ exit: { kind: 'exited', code: 0 } });
    }
    await rename(`${root}/data/deep`, `${root}/data/kept`);
    await symlink(secret, `${root}/data/deep`);
    for (const path of paths) {
      await expect(start(path)).rejects.toMatchObject({
        code: 'INVALID_MOUNT',
        message: `guest: cannot mount ${path} at /data: a symbolic link is in the place of a directory`,
      });
    }
    await expect(start(`${root}/data/../../private/secret`)).rejects.toMatchObject({
      code: 'INVALID_MOUNT',
      message: expect.stringContaining('leads out of its root') as unknown,
    });
    expect(await uidOf(secret)).toBe(0);
  });

  test('hands over no deeper than it has descriptors for: there guests have made all themselves', async () => {
    await using scratch = await scratchDirectory();
    const deep = `${scratch.path}/${'d/'.repeat(300)}`;
    await mkdir(deep, { recursive: true });
    await using sandbox = await runtime.openSandbox({ id: 'pod-1', directories: [scratch.path] });
    expect(await uidOf(`${scratch.path}/${'d/'.repeat(200)}`)).toBe(userOf(sandbox));
    expect(await uidOf(deep)).toBe(0);
  });

  test('takes its users from the range that it is given, and says so when there are none left', async () => {
    const first = 1_900_000_000;
    await using small = createRuntime({ sandboxUsers: { first, count: 1 }, pool: { idle: 0 } });
    await using sandbox = await small.openSandbox({ id: 'pod-1' });
    expect(userOf(sandbox)).toBe(first);
    await expect(small.openSandbox({ id: 'pod-2' })).rejects.toMatchObject({
      code: 'HOST_FAILED',
      message: expect.stringContaining(`${first}`) as unknown,
    });
  });

  test('runs as the application does where that is wanted', async () => {
    await using same = createRuntime({ sandboxUsers: 'none', pool: { idle: 0 } });
    await using sandbox = await same.openSandbox({ id: 'pod-1' });
    expect(sandbox.user).toBeUndefined();
    const { pid } = await sandbox.start(await specOf(guests.sleep));
    expect(await readFile(`/proc/${pid}/status`, 'utf8')).toMatch(/^Uid:\s+0\s/m);
  });
});
