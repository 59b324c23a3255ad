import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startConnectProxy } from '../../../../packages/oci-wasm/test/fixtures/connect-proxy.ts';
import { startTestRegistry } from '../../../../packages/oci-wasm/test/registry/start-test-registry.ts';
import { type CommandLine, openCommandLine } from '../fixtures/command-line.ts';

const hello = join(import.meta.dirname, '../../../../examples/hello-wasm/hello-wasm.wasm');
const pod = (image: string): string => `apiVersion: v1
kind: Pod
metadata: { name: hello }
spec:
  restartPolicy: Never
  containers: [{ name: hello, image: "${image}" }]
`;

let commandLine: CommandLine;
beforeAll(async () => void (commandLine = await openCommandLine()));
afterAll(() => commandLine[Symbol.asyncDispose]());

const write = async (name: string, text: string): Promise<void> => {
  const path = join(commandLine.directory, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, text);
};

describe('a node', () => {
  test('pulls from the mirror in its folder of registry hosts, with a credential of its own', async () => {
    await using mirror = await startTestRegistry();
    const image = 'registry.test/team/hello:v1';
    expect((await commandLine.run(['push', hello, `${mirror.host}/team/hello:v1`])).code).toBe(0);
    mirror.forget();
    await write('certs.d/registry.test/hosts.toml', `[host."${mirror.origin}"]`);
    await write('manifests/hello.yaml', pod(image));
    await write(
      'providers/provider',
      `#!/bin/sh
cat > ${commandLine.directory}/asked
echo '{"kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/v1","cacheKeyType":"Image","auth":{}}'
`,
    );
    await chmod(join(commandLine.directory, 'providers/provider'), 0o755);
    await write(
      'providers.yaml',
      `apiVersion: kubelet.config.k8s.io/v1
kind: CredentialProviderConfig
providers:
  - name: provider
    apiVersion: credentialprovider.kubelet.k8s.io/v1
    matchImages: ["*.test"]
    defaultCacheDuration: "0s"
`,
    );
    await using node = commandLine.start([
      'node',
      '--standalone',
      '--manifests=manifests',
      '--data-dir=data',
      '--healthz-port=0',
      '--registry-hosts-dir=certs.d',
      '--image-credential-provider-config=providers.yaml',
      '--image-credential-provider-bin-dir=providers',
    ]);
    await expect
      .poll(() => mirror.requests.some(({ path }) => path.includes('/blobs/')), { timeout: 20_000 })
      .toBe(true);
    expect(mirror.requests.some(({ path }) => path.includes('ns=registry.test'))).toBe(true);
    expect(JSON.parse(await readFile(join(commandLine.directory, 'asked'), 'utf8'))).toMatchObject({
      image: 'registry.test/team/hello',
    });
    node.kill('SIGTERM');
    expect((await node.finished).code).toBe(0);
  });

  test.each([
    ['a certificate that is none', '--registry-hosts-dir=broken', 'bad.pem has no certificate in it'],
    ['a folder that is not there', '--registry-hosts-dir=absent', 'absent cannot be read'],
    [
      'a signature policy that is none',
      '--signature-policy=policy.yaml',
      'policy.yaml, policies[0].images: must',
    ],
    ['a signature policy that is not there', '--signature-policy=none.yaml', 'none.yaml: cannot be read'],
  ])('does not start with %s', async (_title, flag, message) => {
    await write('broken/registry.test/hosts.toml', 'ca = "bad.pem"');
    await write('broken/registry.test/bad.pem', 'hello');
    await write('none/.keep', '');
    await write('policy.yaml', 'policies: [{ authorities: [] }]');
    const args = ['node', '--standalone', '--manifests=none', '--data-dir=data', '--healthz-port=0', flag];
    const { code, stderr } = await commandLine.run(args);
    expect(stderr).toContain(message);
    expect(code).toBe(1);
  });

  test('wants the configuration of credential providers and their folder together', async () => {
    const { code, stderr } = await commandLine.run(['node', '--image-credential-provider-config=x.yaml']);
    expect(stderr).toContain('--image-credential-provider-bin-dir');
    expect(code).toBe(2);
  });
});

const succeed = async (...args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await commandLine.run([...args, '--registry-hosts-dir=hosts.d'], {
    input: 'pw',
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
};

describe('the commands for registries', () => {
  test('speak to them as their folder of hosts says', async () => {
    await using registry = await startTestRegistry();
    await using closed = await startTestRegistry({ auth: { kind: 'basic', users: { me: 'pw' } } });
    await write('hosts.d/registry.test/hosts.toml', `server = "${registry.origin}"`);
    await write('hosts.d/closed.test/hosts.toml', `server = "${closed.origin}"`);
    await write(`hosts.d/${closed.host}/hosts.toml`, `server = "${closed.origin}"`);
    const reference = 'registry.test/team/hello:v1';
    expect(await succeed('login', closed.host, '-u', 'me', '--password-stdin')).toContain(closed.host);
    await succeed('push', hello, 'closed.test/team/hello:v1');
    await succeed('push', hello, reference);
    await succeed('tag', reference, 'v2');
    await succeed('copy', reference, 'registry.test/team/copied:v1');
    expect(await succeed('ls', 'registry.test/team/hello')).toBe('v1\nv2\n');
    expect(await succeed('inspect', reference)).toContain('artifact: cncf');
    await succeed('pull', reference);
    expect(await succeed('run', reference)).toBe('Hello, World!\n');
  });

  test('find that folder in a variable, and say when it cannot be used', async () => {
    await using registry = await startTestRegistry();
    await write('hosts.d/variable.test/hosts.toml', `server = "${registry.origin}"`);
    const reference = 'variable.test/team/hello:v1';
    const env = { WASMLET_REGISTRY_HOSTS_DIR: 'hosts.d' };
    expect(await commandLine.run(['push', hello, reference], { env })).toMatchObject({ code: 0, stderr: '' });
    const { code, stderr } = await commandLine.run(['ls', reference, '--registry-hosts-dir=absent'], { env });
    expect(stderr).toContain('absent cannot be read');
    expect(code).toBe(1);
  });

  test('go through the proxy of the environment', async () => {
    await using registry = await startTestRegistry({ auth: { kind: 'basic', users: { me: 'pw' } } });
    await using proxy = await startConnectProxy();
    const host = registry.host.replace('127.0.0.1', 'registry.test');
    const env = { HTTPS_PROXY: proxy.url, http_proxy: proxy.url };
    const login = await commandLine.run(
      ['login', `https://${host}/`, '-u', 'me', '--password-stdin', '--insecure'],
      {
        env,
        input: 'pw',
      },
    );
    expect(login.code).toBe(0);
    const reference = `${host}/team/hello:v1`;
    expect((await commandLine.run(['push', hello, reference, '--use-http'], { env })).code).toBe(0);
    const list = `--insecure-registries=a.test,${host}`;
    expect((await commandLine.run(['pull', reference, list], { env })).code).toBe(0);
    expect((await commandLine.run(['pull', reference], { env })).code).toBe(1);
    const listed = { ...env, WASMLET_INSECURE_REGISTRIES: host };
    expect((await commandLine.run(['pull', reference], { env: listed })).code).toBe(0);
    expect(proxy.requests.some((line) => line.includes('/v2/team/hello/manifests/v1'))).toBe(true);
  });
});
