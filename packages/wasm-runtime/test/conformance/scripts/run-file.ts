import { spawn } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import type { CaseOutcome } from './run-script.ts';

/** Longest for one step, or for a start of Node on a busy machine. */
const stepMs = 30_000;

/** Runs a script in a process of its own: one that crashes or hangs is told as a step that failed, with all after it. */
export async function runFile(file: string): Promise<readonly CaseOutcome[]> {
  const child = spawn(
    process.execPath,
    ['--conditions=@wasmlet/source', join(import.meta.dirname, 'script-process.ts'), file],
    { stdio: ['ignore', 'pipe', 'pipe'], env: {} },
  );
  let hung = false;
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const closed = Promise.withResolvers<number | NodeJS.Signals | null>();
  child.on('error', closed.reject).on('close', (code, signal) => closed.resolve(signal ?? code));
  const watch = setTimeout(() => {
    hung = true;
    child.kill('SIGKILL');
  }, stepMs);
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    watch.refresh();
    lines.push(line);
  }
  const how = await closed.promise;
  clearTimeout(watch);

  const [all, ...told] = lines;
  if (all === undefined) throw new Error(`${file} was not read: ${errors}`);
  const outcomes = told.map((line): CaseOutcome => JSON.parse(line));
  const steps: readonly Pick<CaseOutcome, 'line' | 'kind'>[] = JSON.parse(all);
  const detail = hung ? `no answer in ${stepMs} ms` : `the process ended with ${how}: ${errors}`;
  const missing = steps.slice(outcomes.length);
  return [...outcomes, ...missing.map((step): CaseOutcome => ({ ...step, outcome: 'failed', detail }))];
}
