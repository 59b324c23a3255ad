import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { isAlive } from '../fixtures/start-guest.ts';

/** What is promised. */
const survivalMs = 2000;

/** Process ids of all descendants of a process that still has its children. */
async function descendantsOf(pid: number): Promise<readonly number[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const status = await readFile(`/proc/${name}/status`, 'utf8').catch(() => '');
    parents.set(Number(name), Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]));
  }
  const children = [...parents].filter(([, parent]) => parent === pid).map(([child]) => child);
  return [...children, ...(await Promise.all(children.map(descendantsOf))).flat()];
}

describe.runIf(process.platform === 'linux')('an application that is killed', () => {
  test.each(['default', 'none'])('leaves no guest, also none in a loop; sandbox users %s', async (users) => {
    const program = fileURLToPath(new URL('../fixtures/daemon.ts', import.meta.url));
    const daemon = spawn(process.execPath, ['--conditions=@wasmlet/source', program, users], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface(daemon.stdout);
    const [line] = (await once(lines, 'line')) as [string];
    const guests = JSON.parse(line) as readonly number[];
    const family = await descendantsOf(daemon.pid ?? 0);
    expect(family).toEqual(expect.arrayContaining([...guests]));
    expect(await Promise.all(guests.map(isAlive))).toEqual(guests.map(() => true));

    daemon.kill('SIGKILL');
    await once(daemon, 'exit');
    const deadline = Date.now() + survivalMs;
    let alive = family;
    while (alive.length > 0 && Date.now() < deadline) {
      const still = await Promise.all(alive.map(isAlive));
      alive = alive.filter((_, index) => still[index]);
    }
    expect(alive).toEqual([]);
  });
});
