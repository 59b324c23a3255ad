import { spawn } from 'node:child_process';
import type { OciError } from '../errors.ts';

export interface ProgramOptions {
  readonly program: string;
  readonly args: readonly string[];
  /** Written to stdin. */
  readonly input: string;
  /** @default this process's */
  readonly env: Readonly<Record<string, string | undefined>> | undefined;
  readonly timeoutMs: number;
  readonly maxOutputBytes: number;
  readonly signal?: AbortSignal | undefined;
  /** Makes the error; `problem` goes on after the program's name. */
  readonly fail: (problem: string, cause?: unknown) => OciError;
}

export interface ProgramResult {
  /** `exit code 3`, `SIGKILL`; undefined when it ended well. */
  readonly failure: string | undefined;
  readonly output: string;
}

/** Runs a program that gives credentials: no shell, bounded output and time, stderr unread. */
export function runProgram(options: ProgramOptions): Promise<ProgramResult> {
  const { program, args, input, env, timeoutMs, maxOutputBytes, signal, fail } = options;
  const limit = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'ignore'],
      windowsHide: true,
      killSignal: 'SIGKILL',
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      ...(env === undefined ? {} : { env: { ...env } }),
    });
    const chunks: Buffer[] = [];
    let length = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= maxOutputBytes) chunks.push(chunk);
      else child.kill('SIGKILL');
    });
    // One that ends without reading its input is told apart by its exit code.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    child.on('error', (cause: NodeJS.ErrnoException) => {
      // Processes that it has left behind may hold it open.
      child.stdout.destroy();
      if (signal?.aborted) reject(signal.reason as Error);
      else if (limit.aborted) reject(fail(`did not answer within ${timeoutMs / 1000} s`));
      else if (cause.code === 'ENOENT') reject(fail('is not installed (not found)', cause));
      else reject(fail(`could not be started: ${cause.message}`, cause));
    });
    child.on('close', (code, killedBy) => {
      if (length > maxOutputBytes) reject(fail(`answered more than ${maxOutputBytes} bytes`));
      else {
        const failure = code === 0 ? undefined : (killedBy ?? `exit code ${code}`);
        resolve({ failure, output: Buffer.concat(chunks).toString() });
      }
    });
  });
}
