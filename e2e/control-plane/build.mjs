// Plain JavaScript, run by .ci/run and imported by the fixture: `node e2e/control-plane/build.mjs` prints the folder.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

const sources = dirname(fileURLToPath(import.meta.url));

/** The names that the one binary answers to. */
export const components = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl'];

/**
 * The folder with the control plane's binaries: `WASMLET_E2E_BIN`, or built from the sources beside this file, once
 * per content hash, into `${XDG_CACHE_HOME:-~/.cache}/wasmlet/control-plane/HASH`.
 */
export async function buildControlPlane() {
  const given = process.env['WASMLET_E2E_BIN'];
  if (given) {
    const missing = components.filter((name) => !existsSync(join(given, name)));
    if (missing.length > 0) throw new Error(`WASMLET_E2E_BIN: ${given} lacks ${missing.join(', ')}`);
    return given;
  }
  const folder = await cacheFolder();
  if (existsSync(join(folder, 'kubernetes'))) return folder;
  await mkdir(dirname(folder), { recursive: true });
  await withLock(`${folder}.lock`, async () => {
    if (!existsSync(join(folder, 'kubernetes'))) await build(folder);
  });
  return folder;
}

/** Whether {@link buildControlPlane} has its result at hand, without a compiler. */
export async function controlPlaneIsBuilt() {
  return Boolean(process.env['WASMLET_E2E_BIN']) || existsSync(join(await cacheFolder(), 'kubernetes'));
}

async function cacheFolder() {
  const hash = createHash('sha256');
  for (const name of ['main.go', 'go.mod', 'go.sum']) hash.update(await readFile(join(sources, name)));
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(cache, 'wasmlet', 'control-plane', hash.digest('hex').slice(0, 16));
}

/** Into a folder beside the final one, renamed when it is whole. */
async function build(folder) {
  const version = /k8s\.io\/kubernetes v([\d.]+)/.exec(await readFile(join(sources, 'go.mod'), 'utf8'))?.[1];
  if (!version) throw new Error('e2e/control-plane/go.mod requires no k8s.io/kubernetes');
  const [major, minor] = version.split('.');
  const stamp = 'k8s.io/component-base/version';
  const draft = `${folder}.${process.pid}`;
  await mkdir(draft, { recursive: true });
  try {
    process.stderr.write(`Building Kubernetes v${version} from Go modules; this takes minutes, once.\n`);
    await go([
      'build',
      '-trimpath',
      `-ldflags=-s -w -X ${stamp}.gitVersion=v${version} -X ${stamp}.gitMajor=${major} -X ${stamp}.gitMinor=${minor}`,
      '-o',
      join(draft, 'kubernetes'),
      '.',
    ]);
    for (const name of components) await symlink('kubernetes', join(draft, name));
    await rename(draft, folder);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

function go(args) {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, CGO_ENABLED: '0' };
    const child = spawn('go', args, { cwd: sources, env, stdio: ['ignore', 2, 2] });
    child.once('error', (cause) => reject(new Error(`cannot run go: ${cause.message}`, { cause })));
    child.once('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`go build of the control plane ended with ${signal ?? code}`));
    });
  });
}

/** A symbolic link to the holder's process id: made atomically, and taken over when that process is gone. */
async function withLock(path, act) {
  while (true) {
    try {
      await symlink(String(process.pid), path);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = await readlink(path).catch(() => undefined);
    if (holder !== undefined && !isAlive(Number(holder))) await rm(path, { force: true });
    else await delay(500); // another process builds: there is no event for a link that goes
  }
  try {
    await act();
  } finally {
    await rm(path, { force: true });
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const folder = await buildControlPlane();
  process.stdout.write(`${folder}\n`);
}
