import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type ControlPlane, startControlPlane } from './fixtures/control-plane.ts';
import { type FactsServer, facts, startFactsServer } from './fixtures/facts-server.ts';
import { findFreePorts } from './fixtures/free-ports.ts';
import { exampleFile } from './fixtures/guests.ts';
import { type MarkdownPage, readMarkdownPage } from './fixtures/markdown-page.ts';
import { processesUnder, untilGone } from './fixtures/process-tree.ts';
import { createPods, podManifest, type Pods } from './fixtures/pods.ts';
import {
  type PrivateRegistry,
  type Registry,
  startAnonymousRegistry,
  startPrivateRegistry,
} from './fixtures/registry.ts';
import { describeWith, isCommand } from './fixtures/requirements.ts';
import {
  type FinishedProcess,
  runProcess,
  type RunningProcess,
  startProcess,
} from './fixtures/running-process.ts';
import { offerCrates } from './fixtures/rust-crates.ts';
import { writeCommands } from './fixtures/wasmlet.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));
/** What the page and the examples ask; the tests ask a server of their own. */
const publicApi = 'https://catfact.ninja/fact';

await describeWith(
  'docs/tutorial.md, command by command',
  ['control plane', 'registry', 'htpasswd', 'Debian Rust'],
  () => {
    let page: MarkdownPage;
    let cluster: ControlPlane;
    let pods: Pods;
    let anonymous: Registry;
    let guarded: PrivateRegistry;
    let server: FactsServer;
    let node: RunningProcess;
    /** A user's shell: home, folder, variables that an `export` has set. */
    let home: string;
    let project: string;
    let environment: Record<string, string | undefined>;
    const executed: string[] = [];

    beforeAll(async () => {
      page = await readMarkdownPage(join(repository, 'docs', 'tutorial.md'));
      [cluster, anonymous, guarded, server] = await Promise.all([
        startControlPlane(),
        startAnonymousRegistry(),
        startPrivateRegistry(),
        startFactsServer(),
      ]);
      pods = createPods(cluster.kubectl);
      home = join(cluster.scratch.path, 'home');
      project = join(home, 'rust-wasm');
      const commands = await writeCommands(join(cluster.scratch.path, 'commands'), {
        kubectl: `exec "${cluster.kubectlPath}" "$@"`,
        // Debian's compiler, which has the target, and no network.
        cargo: 'CARGO_NET_OFFLINE=true RUSTC=/usr/bin/rustc exec /usr/bin/cargo "$@"',
      });
      await mkdir(home, { recursive: true });
      const [port, healthzPort] = await findFreePorts(2);
      environment = {
        PATH: `${commands}:${process.env['PATH']}`,
        HOME: home,
        KUBECONFIG: cluster.kubeconfig,
        USER: 'ferris',
        // The registry's certificate authority is known to this machine.
        NODE_EXTRA_CA_CERTS: guarded.caFile,
        // What tests on one machine need beside each other; flags and files on the page stay as they are.
        WASMLET_PORT: String(port),
        WASMLET_HEALTHZ_PORT: String(healthzPort),
        WASMLET_DATA_DIR: join(cluster.scratch.path, 'data'),
        // The server of facts is on loopback.
        WASMLET_EGRESS_ALLOW: '127.0.0.1/32',
      };
    });
    afterEach(({ task }) => {
      if (task.result?.state === 'fail') cluster?.scratch.keep('a test failed');
    });
    afterAll(async () => {
      await node?.[Symbol.asyncDispose]();
      for (const part of [cluster, anonymous, guarded, server]) await part?.[Symbol.asyncDispose]();
    });

    /** A named command of the page with its placeholders filled in. */
    function command(name: string): string {
      executed.push(name);
      return page.block('sh', name, replacements());
    }

    function replacements(): Record<string, string> {
      return {
        '<ip>': '127.0.0.1',
        '<hostname>': hostname().toLowerCase(),
        '<registry>': anonymous.host,
        '<private-registry>': guarded.host,
        '<user>': guarded.user,
        '<your-token>': guarded.password,
        [publicApi]: server.url,
      };
    }

    async function shell(name: string, cwd: string = home): Promise<FinishedProcess> {
      const result = await runProcess('bash', ['-euo', 'pipefail', '-c', command(name)], {
        cwd,
        env: environment,
        timeoutMs: 170_000,
      });
      if (result.code !== 0) {
        throw new Error(`"${name}" ended with ${result.code}: ${result.stdout}${result.stderr}`);
      }
      return result;
    }

    test('wasmlet bootstrap writes a bootstrap kubeconfig and makes its token', async () => {
      await shell('bootstrap');
      const written = await readFile(join(home, '.wasmlet', 'config', 'bootstrap.conf'), 'utf8');
      expect(written).toMatch(/token/);
      const secrets = await cluster.kubectl(['get', 'secrets', '--namespace=kube-system', '--output=name']);
      expect(secrets).toMatch(/^secret\/bootstrap-token-[a-z0-9]{6}$/m);
    });

    test('wasmlet node asks for the approval of its certificate, and joins', async () => {
      node = startProcess('bash', ['-euo', 'pipefail', '-c', command('node')], {
        cwd: home,
        env: environment,
        logFile: join(cluster.scratch.path, 'node.log'),
        group: true,
      });
      const prompt = page.block('text', 'prompt', replacements()).trim();
      expect((await node.stdout.find(/^BOOTSTRAP: /))[0].length).toBeGreaterThan(0);
      expect(node.stdout.text.split('\n')[0]).toBe(prompt);
      await shell('approve');
      await node.stdout.find(/^BOOTSTRAP: received TLS certificate approval: continuing$/);
      await cluster.kubectl(['wait', '--for=create', 'node/krustlet', '--timeout=60s']);
      await cluster.kubectl(['wait', '--for=condition=Ready', 'node/krustlet', '--timeout=60s']);
      const { stdout } = await shell('nodes');
      const [header = '', row = ''] = stdout.split('\n');
      expect(header.split(/\s{2,}/)).toEqual(
        page
          .block('text', 'nodes')
          .split('\n')[0]
          ?.split(/\s{2,}/),
      );
      expect(row).toMatch(
        /^krustlet +Ready +<none> +\S+ +v1\.\S*wasmlet\S* +127\.0\.0\.1 +<none> +\S.* +wasmlet:\/\//,
      );
    });

    test('hello-wasm runs, completes and has said Hello, World!', async () => {
      await shell('push-hello', repository);
      expect((await shell('apply-hello')).stdout).toBe('pod/hello-wasm created\n');
      await pods.phase('hello-wasm', 'Succeeded');
      expect(columns((await shell('hello-pods')).stdout)).toEqual([
        ['NAME', 'READY', 'STATUS', 'RESTARTS', 'AGE'],
        ['hello-wasm', '0/1', 'Completed', '0', expect.any(String)],
      ]);
      expect((await shell('hello-logs')).stdout).toBe(page.block('text', 'hello-logs'));
      // Every pod gets the default service account's token; nothing on the page switches that off.
      const pod = await cluster.kubectl(['get', 'pod', 'hello-wasm', '--output=yaml']);
      expect(pod).toContain('/var/run/secrets/kubernetes.io/serviceaccount');
    });

    test("Krustlet's own manifest, without a restart policy, prints the line too", async () => {
      await cluster.kubectl.apply(
        podManifest({
          name: 'hello-always',
          image: `${anonymous.host}/hello-wasm:v1`,
          restartPolicy: 'Always',
          spec: { automountServiceAccountToken: true },
        }),
      );
      await pods.container('hello-always', '.restartCount', '1');
      expect(await pods.logs('hello-always')).toBe('Hello, World!\n');
      expect(await cluster.kubectl(['get', 'pod', 'hello-always'])).toMatch(
        /(Completed|CrashLoopBackOff|Running)/,
      );
      await pods.delete('hello-always');
    });

    test("the tutorial's Rust program compiles", async () => {
      await shell('cargo-new');
      const manifest = join(project, 'Cargo.toml');
      const dependencies = page.block('toml', 'Cargo.toml');
      expect(await exampleFile('cat-facts', 'Cargo.toml')).toContain(dependencies);
      await writeFile(manifest, `${await readFile(manifest, 'utf8')}${dependencies}`);
      const source = page.block('rust', 'src/main.rs');
      expect(await exampleFile('cat-facts', 'src', 'main.rs')).toBe(source);
      // First: cargo takes what is newer than the sources for compiled from them.
      await offerCrates(project);
      await writeFile(join(project, 'src', 'main.rs'), page.block('rust', 'src/main.rs', replacements()));
      await shell('cargo-build');
    });

    test('wasmlet run prints a fact, and Ctrl-C ends it with 130', async () => {
      await using run = startProcess('bash', ['-c', `exec ${command('run')}`], {
        cwd: project,
        env: environment,
      });
      const line = await run.stderr.find(factLine);
      expect(facts).toContain(line[1]);
      run.kill('SIGINT');
      expect(await run.exited).toEqual({ code: 130, signal: null });
    });

    test('wasmlet logs in, pushes to the private registry and pulls the same bytes', async () => {
      const denied = await runProcess('bash', ['-c', page.block('sh', 'push', replacements())], {
        cwd: project,
        env: environment,
      });
      expect(denied.code).toBe(1);
      expect(denied.stderr).toContain(guarded.host);
      await shell('login');
      expect((await shell('push', project)).stdout).not.toContain(guarded.password);
      await shell('pull', project);
      const [built, pulled] = await Promise.all([
        readFile(join(project, 'target', 'wasm32-wasi', 'release', 'rust-wasm.wasm')),
        readFile(join(project, 'module.wasm')),
      ]);
      expect(pulled.equals(built)).toBe(true);
    });

    test('credentials that docker login stores are as good', async ({ skip }) => {
      if (!isCommand('docker')) skip('needs the docker command line');
      const config = join(home, 'docker-config');
      await mkdir(config);
      const login = await runProcess(
        'docker',
        ['login', guarded.host, '--username', guarded.user, '--password-stdin'],
        {
          input: guarded.password,
          env: { ...environment, DOCKER_CONFIG: config, SSL_CERT_FILE: guarded.caFile },
        },
      );
      expect(login).toMatchObject({ code: 0 });
      const reference = `${guarded.host}/${guarded.user}/rust-wasm:latest`;
      const pull = await runProcess('wasmlet', ['pull', reference, '-o', 'again.wasm'], {
        cwd: project,
        env: { ...environment, HOME: config, DOCKER_CONFIG: config },
      });
      expect(pull).toMatchObject({ code: 0 });
    });

    test('the program runs in Kubernetes and its facts can be followed', async () => {
      environment = { ...environment, CR_PAT: guarded.password };
      await shell('pull-secret');
      const manifest = page.block('yaml', 'k8s.yaml', replacements());
      await writeFile(join(home, 'k8s.yaml'), manifest.replace('value: "60"', 'value: "1"'));
      expect((await shell('apply')).stdout).toBe('pod/rust-wasi-example created\n');
      await cluster.kubectl(['wait', '--for=condition=Ready', 'pod/rust-wasi-example', '--timeout=60s']);
      const rows = columns((await shell('pods')).stdout);
      expect(rows[0]?.slice(0, 8)).toEqual([
        'NAME',
        'READY',
        'STATUS',
        'RESTARTS',
        'AGE',
        'IP',
        'NODE',
        'NOMINATED NODE',
      ]);
      expect(rows).toContainEqual([
        'rust-wasi-example',
        '1/1',
        'Running',
        '0',
        expect.any(String),
        '<none>', // the node's address, where that is not loopback
        'krustlet',
        '<none>',
        '<none>',
      ]);
      await using follow = startProcess('bash', ['-c', `exec ${command('logs')}`], { env: environment });
      for (const fact of facts) await follow.stdout.find(new RegExp(escaped(fact)));
      await follow.stdout.find(factLine);
    });

    test('a pod without the annotation, and one that asks elsewhere, reach nobody', async () => {
      await using elsewhere = await startFactsServer();
      const env = [
        { name: 'RUST_LOG', value: 'info' },
        { name: 'CAT_FACTS_URL', value: elsewhere.url },
      ];
      const image = `${guarded.host}/${guarded.user}/rust-wasm:latest`;
      const spec = { imagePullSecrets: [{ name: 'registry' }] };
      const args = [elsewhere.url];
      await pods.run({ name: 'unannotated', image, env, args, spec });
      await pods.run({
        name: 'elsewhere',
        image,
        env,
        args,
        spec,
        annotations: { 'alpha.wasi.krustlet.dev/allowed-domains': '["https://localhost/fact"]' },
      });
      for (const name of ['unannotated', 'elsewhere']) {
        await pods.phase(name, 'Failed');
        expect(await pods.logs(name)).toContain('Wasi error 7');
      }
      expect(elsewhere.connections).toBe(0);
      await pods.delete('unannotated', 'elsewhere');
    });

    test('the pods go when they are deleted, and Ctrl-C ends the node with 0', async () => {
      await shell('delete');
      expect(await cluster.kubectl(['get', 'pods', '--output=name'])).toBe('');
      const children = processesUnder(node.pid).map(({ pid }) => pid);
      node.kill('SIGINT');
      expect(await node.exited).toMatchObject({ code: 0 });
      expect(await untilGone(children, 2_000)).toEqual([]);
    });

    test("Krustlet's environment variables say the same", async () => {
      const [port, healthzPort] = await findFreePorts(2);
      await runProcess('wasmlet', ['bootstrap'], {
        env: { ...environment, CONFIG_DIR: join(home, 'krustlet'), FILE_NAME: 'boot.conf' },
      });
      await using again = startProcess('wasmlet', ['node'], {
        env: {
          ...environment,
          WASMLET_PORT: undefined,
          WASMLET_DATA_DIR: undefined,
          WASMLET_HEALTHZ_PORT: String(healthzPort),
          KUBECONFIG: join(home, 'krustlet', 'kubeconfig'),
          KRUSTLET_NODE_IP: '127.0.0.1',
          KRUSTLET_NODE_NAME: 'krustlet-2',
          KRUSTLET_HOSTNAME: 'another-host',
          KRUSTLET_PORT: String(port),
          KRUSTLET_DATA_DIR: join(home, 'krustlet', 'data'),
          KRUSTLET_BOOTSTRAP_FILE: join(home, 'krustlet', 'boot.conf'),
          MAX_PODS: '7',
          NODE_LABELS: 'zone=attic',
        },
      });
      await again.stdout.find(/^BOOTSTRAP: .*kubectl certificate approve another-host-tls$/);
      await cluster.kubectl(['certificate', 'approve', 'another-host-tls']);
      await cluster.kubectl(['wait', '--for=create', 'node/krustlet-2', '--timeout=60s']);
      await cluster.kubectl(['wait', '--for=condition=Ready', 'node/krustlet-2', '--timeout=60s']);
      const registered = await cluster.kubectl([
        'get',
        'node',
        'krustlet-2',
        '--output=jsonpath={.metadata.labels.zone} {.status.capacity.pods} {.status.daemonEndpoints.kubeletEndpoint.Port}',
      ]);
      expect(registered).toBe(`attic 7 ${port}`);
      again.kill('SIGTERM');
      expect(await again.exited).toEqual({ code: 0, signal: null });
      await rm(join(home, 'krustlet'), { recursive: true });
    });

    test('every command of the page was executed, in its order', () => {
      expect(executed).toEqual(page.names('sh'));
    });
  },
);

const factLine = /^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO {2}rust_wasm\] Cat Fact: (.+)$/;

function columns(table: string): readonly (readonly string[])[] {
  return table
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/\s{2,}/).map((cell) => cell.trim()));
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
