import { parseStrictJson } from '../content/strict-json.ts';
import { collect } from '../content/verified.ts';
import { OciError } from '../errors.ts';
import type { HttpResponse } from './http/http.ts';
import type { RepositoryContext } from './repository-context.ts';

export interface JsonBodyOptions {
  /** For messages: what the answer is for. */
  readonly subject: string;
  readonly maxBytes: number;
  /** Told how large it was. */
  readonly onLength?: (bytes: number) => void;
  readonly signal: AbortSignal | undefined;
}

/** The JSON of an answer, bounded. Rejects with {@link OciError} `TOO_LARGE`, `INVALID_RESPONSE`. */
export async function readJsonBody(
  { http, endpoint, name }: RepositoryContext,
  response: HttpResponse,
  { subject, maxBytes, onLength, signal }: JsonBodyOptions,
): Promise<unknown> {
  const details = { host: endpoint.registry, reference: name };
  const tooLarge = (): OciError =>
    new OciError('TOO_LARGE', `${subject}: the answer is larger than ${maxBytes} bytes`, details);
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await collect(response.body, maxBytes, tooLarge);
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof OciError ? error : http.bodyError(error, response.url.host);
  }
  onLength?.(bytes.length);
  try {
    return parseStrictJson(bytes);
  } catch (cause) {
    const problem = `the registry's answer ${(cause as Error).message}`;
    throw new OciError('INVALID_RESPONSE', `${subject}: ${problem}`, { ...details, cause });
  } finally {
    // At once: thousands of pages may follow.
    bytes.buffer.transfer(0);
  }
}
