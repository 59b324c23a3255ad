import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import type { GuestRun } from './run-guest.ts';

export interface GuestOutcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What runs a guest for a test: our host in a bare process, or a whole runtime. */
export type RunGuest = (run: GuestRun, directory: string, stdin?: string) => Promise<GuestOutcome>;

/** Runs a guest with `run-guest.ts` in a process of its own. `directory` takes the spec. */
export const runInProcess: RunGuest = async (run, directory, stdin = '') => {
  const spec = join(directory, 'run.json');
  await writeFile(spec, JSON.stringify(run));
  const child = spawn(process.execPath, [join(import.meta.dirname, 'run-guest.ts'), spec], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {},
    timeout: 20_000,
    killSignal: 'SIGKILL',
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => {}).end(stdin);
  const closed = Promise.withResolvers<number | null>();
  child.on('error', closed.reject).on('close', closed.resolve);
  return { code: await closed.promise, stdout, stderr };
};
