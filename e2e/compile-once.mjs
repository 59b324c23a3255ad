// Plain JavaScript, as the builds of the control plane and of the registry tools use it before anything is installed.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * `${XDG_CACHE_HOME:-~/.cache}/wasmlet/NAME/HASH`, where the hash is that of the files.
 */
export async function cacheFolder(name, files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(await readFile(file));
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(cache, 'wasmlet', name, hash.digest('hex').slice(0, 16));
}

/**
 * Has `compile` fill a folder beside the final one, which is renamed when it is whole. Of several processes one does
 * so; nothing is done where the folder is there.
 */
export async function compileOnce(folder, compile) {
  if (existsSync(folder)) return;
  await mkdir(dirname(folder), { recursive: true });
  await withLock(`${folder}.lock`, async () => {
    if (existsSync(folder)) return;
    const draft = `${folder}.${process.pid}`;
    await mkdir(draft);
    try {
      await compile(draft);
      await rename(draft, folder);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  });
}

/** Compiles a package of the module in a folder, or of one that it requires, to one static file. */
export function compileGo({ sources, module = '.', output, ldflags = '-s -w' }) {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, CGO_ENABLED: '0' };
    const args = ['build', '-trimpath', `-ldflags=${ldflags}`, '-o', output, module];
    const child = spawn('go', args, { cwd: sources, env, stdio: ['ignore', 2, 2] });
    child.once('error', (cause) => reject(new Error(`cannot run go: ${cause.message}`, { cause })));
    child.once('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`go build in ${sources} ended with ${signal ?? code}`));
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
