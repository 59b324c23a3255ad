import { collect } from '../content/verified.ts';
import { OciError, type OciErrorCode } from '../errors.ts';
import type { HttpResponse } from './http/http.ts';
import { retryAfterMs } from './http/retry.ts';

export interface ResponseContext {
  /** Who answered, and about what: the beginning of the message. */
  readonly subject: string;
  /** For `wasmlet login`. */
  readonly registry: string;
  readonly reference?: string | undefined;
  /** Texts that a registry might repeat and that must not be shown. */
  readonly secrets?: readonly string[];
  /** Said of 401 and 403: which credentials it was. */
  readonly tried?: string;
  /** Said of 401 and 403 in place of the usual advice. */
  readonly remedy?: string | undefined;
}

/** One entry of a registry's error answer (distribution-spec, "Error Codes"). */
export interface RegistryErrorEntry {
  readonly code: string;
  readonly message: string;
}

/** What an answer that is no success means. Reads the body, bounded. */
export async function responseError(response: HttpResponse, context: ResponseContext): Promise<OciError> {
  return errorFrom(response, await readErrors(response), context);
}

/** As {@link responseError}, for a body that has been read. */
export function errorFrom(
  response: HttpResponse,
  entries: readonly RegistryErrorEntry[],
  { subject, registry, reference, secrets = [], tried = '', remedy }: ResponseContext,
): OciError {
  const { status } = response;
  const [first] = entries;
  const said = first === undefined ? '' : `: ${textOf(first, secrets)}`;
  const details = { host: registry, status, ...(reference === undefined ? {} : { reference }) };
  const code = codeOf(status, first?.code);
  if (code === 'UNAUTHORIZED') {
    const advice = remedy ?? `run \`wasmlet login ${registry}\`, or give the pod an imagePullSecret for it`;
    return new OciError(code, `${subject}: authentication required (401)${said}${tried}; ${advice}`, details);
  }
  if (code === 'DENIED') {
    const advice =
      remedy ?? `the account needs rights on this repository, or \`wasmlet login ${registry}\` another one`;
    return new OciError(code, `${subject}: access denied (403)${said}${tried}; ${advice}`, details);
  }
  if (code === 'TOO_MANY_REQUESTS') {
    const when = pauseOf(response);
    return new OciError(
      code,
      `${subject}: too many requests (429)${said}; try again ${when}, or log in for a higher limit`,
      details,
    );
  }
  if (code === 'UNAVAILABLE') {
    return new OciError(code, `${subject}: the registry failed (${status})${said}; try again later`, details);
  }
  if (code === 'NAME_UNKNOWN') {
    const advice = `check the name, or run \`wasmlet login ${registry}\``;
    return new OciError(
      code,
      `${subject}: the registry has no such repository that may be read (${status})${said}; ${advice}`,
      details,
    );
  }
  return new OciError(code, `${subject}: unexpected answer (${status})${said}`, details);
}

function pauseOf(response: HttpResponse): string {
  const after = retryAfterMs(response.header('retry-after'), new Date());
  return after === undefined ? 'later' : `in ${Math.ceil(after / 1000)} s`;
}

function codeOf(status: number, said: string | undefined): OciErrorCode {
  if (status === 401) return 'UNAUTHORIZED';
  if (status === 403) return 'DENIED';
  if (status === 429) return 'TOO_MANY_REQUESTS';
  if (status === 408 || status >= 500) return 'UNAVAILABLE';
  return said === 'NAME_UNKNOWN' || said === 'MANIFEST_UNKNOWN' || said === 'BLOB_UNKNOWN'
    ? said
    : 'INVALID_RESPONSE';
}

const maxErrorBytes = 64 * 1024;
const maxEntries = 16;

/** The entries of an error answer; none where it is HTML, empty, cut off or anything else. */
export async function readErrors(response: HttpResponse): Promise<readonly RegistryErrorEntry[]> {
  let body: unknown;
  try {
    const bytes = await collect(response.body, maxErrorBytes, () => new OciError('TOO_LARGE', 'error body'));
    body = JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return [];
  }
  const list: unknown = isObject(body) ? body['errors'] : undefined;
  // Token servers answer as OAuth2 says.
  if (!Array.isArray(list))
    return isObject(body) ? entryOf(body['error'], body['error_description'] ?? body['details']) : [];
  return list
    .slice(0, maxEntries)
    .flatMap((entry: unknown) => (isObject(entry) ? entryOf(entry['code'], entry['message']) : []));
}

function entryOf(code: unknown, message: unknown): readonly RegistryErrorEntry[] {
  if (typeof code !== 'string' && typeof message !== 'string') return [];
  return [
    { code: typeof code === 'string' ? code : '', message: typeof message === 'string' ? message : '' },
  ];
}

const maxShown = 200;

function textOf({ code, message }: RegistryErrorEntry, secrets: readonly string[]): string {
  const text = withoutSecrets(message || code, secrets)
    .replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
    .trim();
  return text.length > maxShown ? `${text.slice(0, maxShown)}…` : text;
}

function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((shown, secret) => (secret === '' ? shown : shown.replaceAll(secret, '***')), text);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
