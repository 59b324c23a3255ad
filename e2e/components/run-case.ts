import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHandler } from '@wasmlet/wasi-http/serve';
import type { GuestMount, Isolation, WasmRuntime } from '@wasmlet/wasm-runtime';
import { type FinishedProgram, runProgram } from '../fixtures/program.ts';
import type { CommandCase, Exchange, ServerCase } from './cases.ts';

export interface CaseContext {
  readonly runtime: WasmRuntime;
  /** With the components. */
  readonly folder: string;
  /** For the directories of guests. */
  readonly scratch: string;
  readonly isolation?: Isolation;
}

/** Runs a command to its end, on directories of its own. How long Rust's tests took is not in its stdout. */
export async function runCommandCase(
  { name, args, env = {}, stdin, directories = {} }: CommandCase,
  { runtime, folder, scratch, isolation = 'process' }: CaseContext,
): Promise<FinishedProgram> {
  const mounts: GuestMount[] = [];
  for (const [guestPath, files] of Object.entries(directories)) {
    const hostPath = await mkdtemp(join(scratch, 'mount-'));
    await chmod(hostPath, 0o755); // for the guest's user
    for (const [file, content] of Object.entries(files)) await writeFile(join(hostPath, file), content);
    mounts.push({ hostPath, guestPath, readOnly: guestPath === '/fixed' });
  }
  const finished = await runProgram(runtime, join(folder, `${name}.wasm`), {
    args,
    env,
    mounts,
    isolation,
    stdin,
  });
  return { ...finished, stdout: finished.stdout.replace(/; finished in [\d.]+s/, '') };
}

export interface Served {
  readonly answers: readonly Pick<Exchange, 'status' | 'answer' | 'answerHeaders'>[];
  /** From the bytes of the component to its first answer. */
  readonly firstByteMs: number;
}

/** What a server answers, one request after the other. */
export async function runServerCase(
  { name, exchanges }: ServerCase,
  { folder }: Pick<CaseContext, 'folder'>,
): Promise<Served> {
  const component = await readFile(join(folder, `${name}.wasm`));
  const begin = performance.now();
  let firstByteMs: number | undefined;
  await using handler = createHandler(component);
  const answers: Served['answers'][number][] = [];
  for (const { path, headers = {}, body, answerHeaders = {} } of exchanges) {
    const sent = body === undefined ? {} : { method: 'POST', body };
    const response = await handler.fetch(new Request(`http://host${path}`, { ...sent, headers }));
    firstByteMs ??= performance.now() - begin;
    const seen = Object.keys(answerHeaders).map((header) => [header, response.headers.get(header)]);
    answers.push({
      status: response.status,
      answer: await response.text(),
      answerHeaders: Object.fromEntries(seen),
    });
  }
  return { answers, firstByteMs: firstByteMs ?? Number.NaN };
}

/** What {@link runServerCase} is to see. */
export const expectedAnswers = ({ exchanges }: ServerCase): Served['answers'] =>
  exchanges.map(({ status, answer, answerHeaders = {} }) => ({ status, answer, answerHeaders }));
