import { watch } from 'node:fs';
import { lstat, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { V1ObjectMeta, V1PodSpec } from '@kubernetes/client-node';
import type { NodeFacts } from '../../../src/node/node-facts.ts';
import type { Pod } from '../../../src/pods/pod.ts';
import type { Payload } from '../../../src/volumes/payload.ts';

export const isRoot = process.getuid?.() === 0;

export const testNode: NodeFacts = {
  nodeName: 'n1',
  hostIPs: ['192.0.2.1'],
  allocatable: { cpuCores: 2, memoryBytes: 2 ** 31, ephemeralStorageBytes: 2 ** 30 },
};

export function testPod(spec: Partial<V1PodSpec>, metadata: V1ObjectMeta = {}): Pod {
  return {
    metadata: { ...metadata, name: 'p', namespace: 'ns', uid: 'u-1' },
    spec: { containers: [{ name: 'c' }], ...spec },
  };
}

/** A directory that goes with `await using`. */
export async function temporaryDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'wasmlet-volumes-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

export function payloadOf(files: Readonly<Record<string, string>>, mode = 0o644): Payload {
  return new Map(Object.entries(files).map(([path, text]) => [path, { data: Buffer.from(text), mode }]));
}

/** What somebody sees who reads the volume by its visible names, links followed. */
export async function visibleFiles(directory: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const name of await readdir(directory)) {
    if (!name.startsWith('..')) Object.assign(files, await filesAt(join(directory, name), name));
  }
  return files;
}

async function filesAt(path: string, name: string): Promise<Record<string, string>> {
  if ((await stat(path)).isFile()) return { [name]: await readFile(path, 'utf8') };
  const below = await visibleFiles(path);
  return Object.fromEntries(Object.entries(below).map(([key, text]) => [`${name}/${key}`, text]));
}

export async function modeOf(path: string): Promise<string> {
  return ((await lstat(path)).mode & 0o7777).toString(8);
}

/** Resolves when the volume's files have been swapped; begin to wait before what causes it. */
export function nextSwap(directory: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let swapped = false;
    const watcher = watch(directory, (_event, name) => {
      if (name === '..data') swapped = true;
      // The last thing that an update does is to remove the old directory.
      if (!swapped || name === null || !/^\.\.\d{4}/.test(name)) return;
      watcher.close();
      resolve();
    });
    watcher.on('error', reject);
  });
}
