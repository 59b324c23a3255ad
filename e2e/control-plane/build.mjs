// Plain JavaScript, run by .ci/run and imported by the fixture: `node e2e/control-plane/build.mjs` prints the folder.
import { existsSync } from 'node:fs';
import { readFile, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { cacheFolder, compileGo, compileOnce } from '../compile-once.mjs';

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
  const folder = await cached();
  await compileOnce(folder, build);
  return folder;
}

/** Whether {@link buildControlPlane} has its result at hand, without a compiler. */
export async function controlPlaneIsBuilt() {
  return Boolean(process.env['WASMLET_E2E_BIN']) || existsSync(await cached());
}

function cached() {
  return cacheFolder(
    'control-plane',
    ['main.go', 'go.mod', 'go.sum'].map((name) => join(sources, name)),
  );
}

async function build(folder) {
  const version = /k8s\.io\/kubernetes v([\d.]+)/.exec(await readFile(join(sources, 'go.mod'), 'utf8'))?.[1];
  if (!version) throw new Error('e2e/control-plane/go.mod requires no k8s.io/kubernetes');
  const [major, minor] = version.split('.');
  const stamp = 'k8s.io/component-base/version';
  process.stderr.write(`Building Kubernetes v${version} from Go modules; this takes minutes, once.\n`);
  await compileGo({
    sources,
    output: join(folder, 'kubernetes'),
    ldflags: `-s -w -X ${stamp}.gitVersion=v${version} -X ${stamp}.gitMajor=${major} -X ${stamp}.gitMinor=${minor}`,
  });
  for (const name of components) await symlink('kubernetes', join(folder, name));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const folder = await buildControlPlane();
  process.stdout.write(`${folder}\n`);
}
