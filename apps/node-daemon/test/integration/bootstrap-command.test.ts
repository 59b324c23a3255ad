import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { kubeconfigOf, startApiServer } from '../fixtures/api-server.ts';
import { type CommandLine, openCommandLine } from '../fixtures/command-line.ts';

describe('wasmlet bootstrap', () => {
  let commandLine: CommandLine;
  beforeEach(async () => {
    commandLine = await openCommandLine();
  });
  afterEach(() => commandLine[Symbol.asyncDispose]());

  const write = async (name: string, content: string): Promise<string> => {
    const path = join(commandLine.directory, name);
    await writeFile(path, content);
    return path;
  };

  test('makes a token as the user and writes a private file with it, again each time', async () => {
    await using server = await startApiServer({ status: 201, body: {} });
    const env = { KUBECONFIG: await write('admin.conf', server.kubeconfig) };
    const first = await commandLine.run(['bootstrap'], { env });
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const file = join(commandLine.directory, '.wasmlet', 'config', 'bootstrap.conf');
    expect(first.stdout).toContain(file);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(server.calls).toMatchObject([
      {
        method: 'POST',
        url: '/api/v1/namespaces/kube-system/secrets',
        headers: { authorization: 'Bearer admin-token' },
        body: { type: 'bootstrap.kubernetes.io/token' },
      },
    ]);
    const sent = server.calls[0]?.body as { stringData: Readonly<Record<string, string>> };
    const { 'token-id': id, 'token-secret': secret } = sent.stringData;
    const written = await readFile(file, 'utf8');
    expect(written).toContain(`"${id}.${secret}"`);
    expect(written).toContain(server.url);
    expect(written).not.toContain('admin-token');
    expect(first.stdout).not.toContain(secret);
    expect((await commandLine.run(['bootstrap'], { env })).code).toBe(0);
    expect(await readFile(file, 'utf8')).not.toBe(written);
  });

  test('writes where CONFIG_DIR and FILE_NAME say, from ~/.kube/config', async () => {
    await using server = await startApiServer({ status: 201, body: {} });
    await mkdir(join(commandLine.directory, '.kube'));
    await write('.kube/config', server.kubeconfig);
    const env = { CONFIG_DIR: join(commandLine.directory, 'a', 'b'), FILE_NAME: 'boot.conf' };
    const { code, stdout } = await commandLine.run(['bootstrap', '--output=json'], { env });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ file: join(env.CONFIG_DIR, 'boot.conf'), server: server.url });
    expect(await readdir(env.CONFIG_DIR)).toEqual(['boot.conf']);
  });

  test('applies the bindings before the token when it is asked to', async () => {
    await using server = await startApiServer({ status: 200, body: {} });
    const env = { KUBECONFIG: await write('admin.conf', server.kubeconfig) };
    expect((await commandLine.run(['bootstrap', '--rbac'], { env })).code).toBe(0);
    expect(server.calls.map(({ method }) => method)).toEqual(['PATCH', 'PATCH', 'PATCH', 'POST']);
    expect(server.calls[0]).toMatchObject({
      url: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/kubeadm%3Akubelet-bootstrap?fieldManager=wasmlet&force=true',
      headers: { 'content-type': 'application/apply-patch+yaml' },
    });
  });

  test('writes nothing when the server refuses, and says what the server said', async () => {
    await using server = await startApiServer({ status: 403, body: { message: 'secrets is forbidden' } });
    const env = { KUBECONFIG: await write('admin.conf', server.kubeconfig) };
    const { code, stderr } = await commandLine.run(['bootstrap'], { env });
    expect(code).toBe(1);
    expect(stderr).toContain('403: secrets is forbidden');
    expect(await readdir(commandLine.directory)).toEqual(['admin.conf']);
  });

  test.each([
    ['is not there', undefined, /missing\.conf/],
    ['is no kubeconfig', 'no: kubeconfig', /missing\.conf.*current-context/],
    ['leads nowhere', kubeconfigOf('http://127.0.0.1:1'), /127\.0\.0\.1:1 cannot be reached/],
  ])('names the kubeconfig or server that %s', async (_title, content, message) => {
    if (content !== undefined) await write('missing.conf', content);
    const env = { KUBECONFIG: join(commandLine.directory, 'missing.conf') };
    const { code, stderr } = await commandLine.run(['bootstrap'], { env });
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
  });
});
