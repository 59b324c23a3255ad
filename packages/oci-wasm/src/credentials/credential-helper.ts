import { isRecord } from '../content/read-descriptor.ts';
import { OciError } from '../errors.ts';
import type { Credential } from './credential.ts';
import { type ProgramResult, runProgram } from './run-program.ts';

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
  const { failure, output } = await runHelper('get', key, options);
  if (failure !== undefined) {
    if (output.includes(notFound)) return undefined;
    throw failed(options, `failed with ${failure} for ${key}`);
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
  const { failure } = await runHelper(
    'store',
    JSON.stringify({ ServerURL: key, Username: username, Secret: password }),
    options,
  );
  if (failure !== undefined) throw failed(options, `could not store the credential of ${key} (${failure})`);
}

/** Has a helper forget a credential; false when it had none. Rejects with {@link OciError} `CREDENTIAL_HELPER`. */
export async function helperErase(key: string, options: HelperOptions): Promise<boolean> {
  const { failure, output } = await runHelper('erase', key, options);
  if (failure === undefined) return true;
  if (output.includes(notFound)) return false;
  throw failed(options, `could not erase the credential of ${key} (${failure})`);
}

function runHelper(
  action: 'get' | 'store' | 'erase',
  input: string,
  options: HelperOptions,
): Promise<ProgramResult> {
  const { helper, env, signal } = options;
  if (!/^[\w.-]+$/.test(helper)) throw failed(options, 'is no name of a program');
  return runProgram({
    program: programOf(helper),
    args: [action],
    input: `${input}\n`,
    env,
    timeoutMs: helperTimeoutMs,
    maxOutputBytes,
    signal,
    fail: (problem, cause) => failed(options, problem, cause),
  });
}

function programOf(helper: string): string {
  return `docker-credential-${helper}`;
}

function failed({ helper }: HelperOptions, problem: string, cause?: unknown): OciError {
  return new OciError('CREDENTIAL_HELPER', `credential helper ${programOf(helper)} ${problem}`, { cause });
}
