import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDataDirectory } from '../../src/daemon/data-directory.ts';
import { startApiServer } from '../fixtures/api-server.ts';
import { type CommandLine, openCommandLine } from '../fixtures/command-line.ts';

describe('what cannot be done', () => {
  let commandLine: CommandLine;
  beforeAll(async () => {
    commandLine = await openCommandLine();
    const files = {
      'text.wasm': 'no module',
      'bad.yaml': 'listenerPort: [',
      'unknown.yaml': 'colour: red',
      'plugins.yaml': 'pluginsDir: /plugins',
    };
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(commandLine.directory, name), text);
    }
  });
  afterAll(() => commandLine[Symbol.asyncDispose]());

  test.each([
    ['a command that there is not', ['frobnicate'], 2, /frobnicate/],
    ['an option of run that there is not', ['run', '--colour', 'text.wasm'], 125, /--colour/],
    ['run without a module', ['run'], 125, /module/],
    ['run of a file that is not there', ['run', 'missing.wasm'], 125, /missing\.wasm/],
    ['run of a name without a registry', ['run', 'hello'], 125, /hello.*REGISTRY/],
    ['run of what is no module', ['run', 'text.wasm'], 125, /text\.wasm is no WebAssembly/],
    ['run of a directory', ['run', '.'], 125, /directory/],
    ['a tier that there is not', ['run', '--isolation=shared', 'text.wasm'], 125, /shared.*process/],
    ['inspect of what is no module', ['inspect', 'text.wasm'], 1, /text\.wasm is no WebAssembly/],
    ['an output that there is not', ['inspect', 'text.wasm', '--output=xml'], 2, /text, json/],
    ['push of a file that is not there', ['push', 'missing', '127.0.0.1:1/a:b'], 1, /missing.*ENOENT/],
    ['push of what is no module', ['push', 'text.wasm', '127.0.0.1:1/a:b'], 1, /text\.wasm/],
    ['push to what is no reference', ['push', 'text.wasm', 'Not A Ref'], 2, /Not A Ref/],
    [
      'a format that there is not',
      ['push', 'text.wasm', '127.0.0.1:1/a:b', '--format=tar'],
      2,
      /wasm-to-oci/,
    ],
    ['ls of a registry', ['ls', '127.0.0.1:1'], 2, /127\.0\.0\.1:1.*REGISTRY\/REPOSITORY/],
    [
      'copy from a layout that is not there',
      ['copy', 'a:b', '127.0.0.1:1/a:b', '--from-layout=absent'],
      2,
      /no OCI layout in absent/,
    ],
    ['pull from nobody', ['pull', '127.0.0.1:1/a:b'], 1, /127\.0\.0\.1:1.*refused/],
    ['pull of what is no reference', ['pull', 'a@b@c'], 2, /a@b@c/],
    ['login without a user', ['login', '127.0.0.1:1'], 2, /--username/],
    ['play of a file that is not there', ['play', 'missing.yaml'], 1, /missing\.yaml/],
  ] as const)('%s', async (_title, args, code, message) => {
    const finished = await commandLine.run(args);
    expect(finished).toMatchObject({ code, stdout: '' });
    expect(finished.stderr).toMatch(message);
  });

  test.each([
    ['an option that there is not', ['--colour'], {}, 2, /--colour/],
    ['a port that is none', ['--port=x'], {}, 2, /--port "x"/],
    ['a plug-in folder', ['--plugins-dir=/plugins'], {}, 2, /--plugins-dir is not supported/],
    ["Krustlet's plug-in variable", [], { KRUSTLET_PLUGINS_DIR: '/p' }, 2, /KRUSTLET_PLUGINS_DIR/],
    ['a plug-in folder in the file', ['--config=plugins.yaml'], {}, 2, /pluginsDir/],
    ['a file that is not there', ['--config=missing.yaml'], {}, 2, /missing\.yaml/],
    ['a file that does not parse', ['--config=bad.yaml'], {}, 2, /bad\.yaml/],
    ['a key that there is not', ['--config=unknown.yaml'], {}, 2, /unknown\.yaml.*colour/],
    ['a log level that there is not', ['--log-level=loud'], {}, 2, /loud/],
    ['standalone without manifests', ['--standalone'], {}, 2, /--manifests/],
    ['manifests in a cluster', ['--manifests=.'], {}, 2, /--standalone/],
    ['a folder of manifests that is not there', ['--standalone', '--manifests=none'], {}, 1, /none/],
    ['a certificate without its key', ['--cert-file=c.pem'], {}, 2, /--private-key-file/],
    ['several kubeconfigs', [], { KUBECONFIG: 'a:b' }, 2, /KUBECONFIG.*one file/],
    [
      'no kubeconfig and no bootstrap file',
      ['--bootstrap-file=no.conf'],
      {},
      1,
      /no\.conf.*wasmlet bootstrap/,
    ],
    [
      "an administrator's kubeconfig",
      ['--node-ip=127.0.0.1'],
      { KUBECONFIG: 'admin.conf' },
      1,
      /admin\.conf/,
    ],
    ['a kubeconfig that cannot be read', [], { KUBECONFIG: '.' }, 1, /kubeconfig/],
  ] as const)('node with %s', async (_title, args, env, code, message) => {
    const finished = await commandLine.run(['node', '--data-dir=data', ...args], { env });
    expect(finished.stderr).toMatch(message);
    expect(finished).toMatchObject({ code, stdout: '' });
  });

  test("node with an administrator's kubeconfig", async () => {
    const body = { status: { userInfo: { username: 'kubernetes-admin' } } };
    await using server = await startApiServer({ status: 201, body });
    await writeFile(join(commandLine.directory, 'admin.conf'), server.kubeconfig);
    const env = { KUBECONFIG: 'admin.conf' };
    const { code, stderr } = await commandLine.run(['node', '--data-dir=data'], { env });
    expect(code).toBe(1);
    expect(stderr).toMatch(/admin\.conf belongs to kubernetes-admin.*--bootstrap-file/);
  });

  test('node with a data directory that another one uses', async () => {
    const path = join(commandLine.directory, 'used');
    await using directory = await openDataDirectory(path);
    const { code, stderr } = await commandLine.run(['node', `--data-dir=${directory.path}`]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/used by another wasmlet.*--data-dir/);
  });
});
