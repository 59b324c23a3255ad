import { ClusterError, type ClusterErrorCode } from '../cluster.ts';

/** Longest server message that is passed on. */
const maxMessageLength = 1_000;

/** Translates an answer other than 2xx. `body` is a `v1.Status` when the API server itself answered. */
export function responseError(
  operation: string,
  status: number,
  body: string,
  retryAfter: string | undefined,
): ClusterError {
  const { reason, message, causes } = parseStatus(body);
  const retryAfterMs = parseRetryAfter(retryAfter);
  return new ClusterError(codeOf(status, reason, causes), `${operation}: ${status} ${message}`, {
    status,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** Translates what a watch reports in its stream: `{ type: 'ERROR', object: v1.Status }`. */
export function watchError(operation: string, object: unknown): ClusterError {
  const status = (object as { readonly code?: unknown } | null)?.code;
  return responseError(
    operation,
    typeof status === 'number' ? status : 500,
    JSON.stringify(object),
    undefined,
  );
}

/** Translates a failure to talk to the server at all. */
export function connectionError(operation: string, server: URL, cause: unknown): ClusterError {
  const reason = cause instanceof Error ? describe(cause) : String(cause);
  return new ClusterError('Unavailable', `${operation}: API server ${server.origin}: ${reason}`, { cause });
}

const codes: Readonly<Record<number, ClusterErrorCode>> = {
  400: 'Invalid',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'Invalid',
  409: 'Conflict',
  410: 'Gone',
  413: 'Invalid',
  415: 'Invalid',
  422: 'Invalid',
  429: 'TooManyRequests',
};

function codeOf(status: number, reason: string, causes: readonly unknown[]): ClusterErrorCode {
  if (status === 409 && reason === 'AlreadyExists') return 'AlreadyExists';
  // The server's data is older than what we have seen: it was restored from a backup.
  if (causes.includes('ResourceVersionTooLarge')) return 'Gone';
  return codes[status] ?? 'Unavailable';
}

interface ParsedStatus {
  readonly reason: string;
  readonly message: string;
  readonly causes: readonly unknown[];
}

function parseStatus(body: string): ParsedStatus {
  try {
    const { reason, message, details } = (JSON.parse(body) ?? {}) as {
      readonly reason?: unknown;
      readonly message?: unknown;
      readonly details?: { readonly causes?: readonly { readonly reason?: unknown }[] };
    };
    if (typeof message === 'string') {
      return {
        reason: typeof reason === 'string' ? reason : '',
        message: shorten(message),
        causes: (details?.causes ?? []).map((cause) => cause.reason),
      };
    }
  } catch {
    // not a v1.Status: a proxy answered, or the server was still starting
  }
  return { reason: '', message: shorten(body.trim()), causes: [] };
}

function shorten(text: string): string {
  return text.length > maxMessageLength ? `${text.slice(0, maxMessageLength)}…` : text;
}

/** `Retry-After` in seconds; API servers send no dates. */
function parseRetryAfter(value: string | undefined): number | undefined {
  if (value === undefined || !/^\d{1,6}$/.test(value)) return undefined;
  return Number(value) * 1000;
}

/** Node's aggregate errors (both address families refused) have no message of their own. */
function describe(error: Error): string {
  const { code } = error as { readonly code?: unknown };
  if (error.message !== '') return error.message;
  return typeof code === 'string' ? code : error.name;
}
