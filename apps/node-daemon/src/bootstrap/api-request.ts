import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Access } from '@wasmlet/kubelet';
import { CommandError } from '../errors.ts';

export interface ApiRequest {
  readonly method: 'POST' | 'PATCH';
  /** With its query. */
  readonly path: string;
  readonly contentType: string;
  /** Sent as JSON. */
  readonly body: object;
}

const timeoutMs = 15_000;
const maxAnswerBytes = 1024 * 1024;

/**
 * One call to an API server, with a user's credentials.
 *
 * @throws {@link CommandError} `API_SERVER` with what the server says, or why there was no answer.
 */
export async function sendApiRequest(
  { server, tls, headers }: Access,
  { method, path, contentType, body }: ApiRequest,
  signal: AbortSignal,
): Promise<void> {
  const deadline = AbortSignal.timeout(timeoutMs);
  const content = JSON.stringify(body);
  let status: number;
  let answer: string;
  try {
    const response = await send(new URL(`${server.pathname.replace(/\/$/, '')}${path}`, server), content, {
      ...tls,
      method,
      agent: false,
      signal: AbortSignal.any([signal, deadline]),
      headers: { ...headers, accept: 'application/json', 'content-type': contentType },
    });
    status = response.statusCode ?? 0;
    answer = await readText(response);
  } catch (cause) {
    signal.throwIfAborted();
    const why = deadline.aborted ? `no answer within ${timeoutMs / 1000} s` : reason(cause);
    throw new CommandError('API_SERVER', `The API server ${server.origin} cannot be reached: ${why}`, {
      cause,
    });
  }
  if (status >= 200 && status < 300) return;
  throw new CommandError(
    'API_SERVER',
    `${method} ${path.split('?')[0]}: ${server.origin} answered ${status}: ${statusMessage(answer)}`,
  );
}

function send(url: URL, content: string, options: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'http:' ? httpRequest : httpsRequest;
    request(url, options, resolve).once('error', reject).end(content);
  });
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > maxAnswerBytes) throw new Error(`the answer is longer than ${maxAnswerBytes} bytes`);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The message of a `v1.Status`; else the beginning of what came. */
function statusMessage(answer: string): string {
  try {
    const { message } = JSON.parse(answer) as { readonly message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // no API server, or one that is starting
  }
  return answer.slice(0, 500);
}

/** Node's aggregate errors (both address families refused) have no message of their own. */
function reason(cause: unknown): string {
  const { message, code } = cause as NodeJS.ErrnoException;
  return message || code || String(cause);
}
