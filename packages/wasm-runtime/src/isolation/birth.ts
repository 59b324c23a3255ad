import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import process from 'node:process';

/** A command, with its first arguments, that starts another one; empty where there is none. */
export type Launcher = readonly string[];

const setpriv = '/usr/bin/setpriv';

/**
 * What starts guest hosts so that no set-user-id program can give them rights again and, where they keep the
 * application's user, so that the kernel kills them when it is gone: util-linux's `setpriv`, as far as the installed one can.
 */
export async function findLauncher(keepsUser: boolean): Promise<Launcher> {
  if (process.platform !== 'linux' || !existsSync(setpriv)) return [];
  const plain = [setpriv, '--no-new-privs'];
  const candidates = keepsUser ? [[...plain, '--pdeathsig', 'KILL'], plain] : [plain];
  for (const candidate of candidates) {
    if (await succeeds([...candidate, setpriv, '--version'])) return candidate;
  }
  return [];
}

function succeeds([command = '', ...args]: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: '/', env: {}, stdio: 'ignore' });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}

/** What a guest host is for: one guest on its main thread, or many in threads. */
export type HostTier = 'process' | 'thread';

/**
 * Node's flags for guest hosts. A seat belt, not the wall: no child processes, addons or inspector, workers only
 * where guests run in them; no code from strings; no tables or script heap by which a guest gets round its memory
 * limit.
 */
export function hardeningFlags(tier: HostTier): readonly string[] {
  const known = process.allowedNodeEnvironmentFlags;
  return [
    '--permission',
    '--allow-fs-read=*',
    '--allow-fs-write=*',
    // Said of it: that it could get round the permissions. Guests never see it; it is how files are flushed.
    '--allow-wasi',
    '--disable-warning=PERM0005',
    ...(known.has('--allow-net') ? ['--allow-net'] : []),
    ...(known.has('--disable-sigusr1') ? ['--disable-sigusr1'] : []),
    // Said of workers: that they could get round the permissions. They are for our code only.
    ...(tier === 'thread' ? ['--allow-worker', '--disable-warning=PERM0006'] : []),
    '--disallow-code-generation-from-strings',
    '--disable-proto=throw',
    '--wasm-max-table-size=1000000',
    `--max-old-space-size=${heapMegabytes}`,
    // One thread for compiler and collector beside the guest's own: less memory, faster change of user.
    '--v8-pool-size=1',
    '--disable-warning=ExperimentalWarning',
  ];
}

/** For our code, host modules and their buffers; tables and GC objects of the guest come out of it. */
const heapMegabytes = 256;
