import { spawn } from 'node:child_process';
import { isRecord } from '../content/read-descriptor.ts';
import { OciError } from '../errors.ts';
import type { Credential } from './credential.ts';

export interface HelperOptions {
  /** The part after `docker-credential-`. */
  readonly helper: string;
  readonly env: Readonly<Record<string, string | undefined>> | undefined;
  readonly signal: AbortSignal | undefined;
}

/** A helper may ask its user; one that says nothing for so long is stuck. */
const helperTimeoutMs = 30_000;
const maxOutputBytes = 64 * 1024;
/** Said by all helpers, in these words (docker-credential-helpers, `credentials/error.go`). */
const notFound = 'credentials not found in native keychain';

/** Asks a helper for a registry's credential; `undefined` when it has none. Rejects with {@link OciError} `CREDENTIAL_HELPER`. */
export async function helperGet(key: string, options: HelperOptions): Promise<Credential | undefined> {
  const { code, output } = await runHelper('get', key, options);
  if (code !== 0) {
    if (output.includes(notFound)) return undefined;
    throw failed(options, `failed with exit code ${code} for ${key}`);
  }
  let answer: unknown;
  try {
    answer = JSON.parse(output);
  } catch {
    throw failed(options, 'answered no JSON');
  }
  const { Username: username, Secret: secret } = isRecord(answer) ? answer : {};
  if (typeof username !== 'string' || typeof secret !== 'string')
    throw failed(options, 'answered no credential');
  const source = programOf(options.helper);
  // The user name under which helpers keep refresh tokens.
  return username === '<token>' ? { source, identityToken: secret } : { source, username, password: secret };
}

/** Has a helper keep a credential. Rejects with {@link OciError} `CREDENTIAL_HELPER`. */
export async function helperStore(
  entry: { readonly key: string; readonly username: string; readonly password: string },
  options: HelperOptions,
): Promise<void> {
  const { key, username, password } = entry;
  const { code } = await runHelper(
    'store',
    JSON.stringify({ ServerURL: key, Username: username, Secret: password }),
    options,
  );
  if (code !== 0) throw failed(options, `could not store the credential of ${key} (exit code ${code})`);
}

/** Has a helper forget a credential; false when it had none. Rejects with {@link OciError} `CREDENTIAL_HELPER`. */
export async function helperErase(key: string, options: HelperOptions): Promise<boolean> {
  const { code, output } = await runHelper('erase', key, options);
  if (code === 0) return true;
  if (output.includes(notFound)) return false;
  throw failed(options, `could not erase the credential of ${key} (exit code ${code})`);
}

interface HelperResult {
  readonly code: number;
  readonly output: string;
}

function runHelper(
  action: 'get' | 'store' | 'erase',
  input: string,
  options: HelperOptions,
): Promise<HelperResult> {
  const { helper, env, signal } = options;
  if (!/^[\w.-]+$/.test(helper)) throw failed(options, 'is no name of a program');
  const limit = AbortSignal.timeout(helperTimeoutMs);
  return new Promise((resolve, reject) => {
    const child = spawn(programOf(helper), [action], {
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
    // A helper that ends without reading its input is told apart by its exit code.
    child.stdin.on('error', () => {});
    child.stdin.end(`${input}\n`);
    child.on('error', (cause: NodeJS.ErrnoException) => {
      if (signal?.aborted) reject(signal.reason as Error);
      else if (limit.aborted) reject(failed(options, `did not answer within ${helperTimeoutMs / 1000} s`));
      else if (cause.code === 'ENOENT')
        reject(failed(options, 'is not installed (not found on the PATH)', cause));
      else reject(failed(options, `could not be started: ${cause.message}`, cause));
    });
    child.on('close', (code) => {
      if (length > maxOutputBytes) reject(failed(options, `answered more than ${maxOutputBytes} bytes`));
      else resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString() });
    });
  });
}

function programOf(helper: string): string {
  return `docker-credential-${helper}`;
}

function failed({ helper }: HelperOptions, problem: string, cause?: unknown): OciError {
  return new OciError('CREDENTIAL_HELPER', `credential helper ${programOf(helper)} ${problem}`, { cause });
}
