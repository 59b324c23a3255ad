import type { LogSelection, LogStream } from './log-selection.ts';

/** The query of `/containerLogs`. */
export interface LogQuery extends LogSelection {
  readonly follow: boolean;
  readonly previous: boolean;
}

/** The query cannot be understood (400) or makes no sense (422). The message is the body of the answer. */
export class LogQueryError extends Error {
  override readonly name = 'LogQueryError';
  readonly status: 400 | 422;
  constructor(status: 400 | 422, detail: string) {
    const message = status === 400 ? 'Unable to decode query.' : 'Invalid request.';
    super(JSON.stringify({ message, detail }));
    this.status = status;
  }
}

/** Reads a query as the API server's codec does: the first of repeated values counts, unknown names do not. */
export function parseLogQuery(query: URLSearchParams, now: Date): LogQuery {
  const tailLines = tail(query);
  const limitBytes = integer(query, 'limitBytes');
  const sinceSeconds = integer(query, 'sinceSeconds');
  const sinceTime = time(query, 'sinceTime');
  const stream = query.get('stream');

  // As upstream's ValidatePodLogOptions.
  if (tailLines !== undefined && tailLines < 0) {
    throw new LogQueryError(
      422,
      `tailLines: Invalid value: ${tailLines}: must be greater than or equal to 0`,
    );
  }
  if (limitBytes !== undefined && limitBytes < 1) {
    throw new LogQueryError(422, `limitBytes: Invalid value: ${limitBytes}: must be greater than 0`);
  }
  if (sinceSeconds !== undefined && sinceTime !== undefined) {
    throw new LogQueryError(422, 'Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified');
  }
  if (sinceSeconds !== undefined && sinceSeconds < 1) {
    throw new LogQueryError(422, `sinceSeconds: Invalid value: ${sinceSeconds}: must be greater than 0`);
  }
  if (stream !== null && !isStream(stream)) {
    throw new LogQueryError(
      422,
      `stream: Unsupported value: ${JSON.stringify(stream)}: supported values: "All", "Stderr", "Stdout"`,
    );
  }
  if (stream !== null && stream !== 'All' && tailLines !== undefined) {
    throw new LogQueryError(
      422,
      'Forbidden: `tailLines` and specific `stream` are mutually exclusive for now',
    );
  }

  const since = sinceSeconds === undefined ? sinceTime : secondsBefore(now, sinceSeconds);
  return {
    follow: boolean(query, 'follow'),
    previous: boolean(query, 'previous'),
    timestamps: boolean(query, 'timestamps'),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(since === undefined ? {} : { since }),
    ...(stream === null ? {} : { stream }),
  };
}

/** `tail` is the older name of `tailLines` and wins; its value `all` is the same as none. */
function tail(query: URLSearchParams): number | undefined {
  const old = query.get('tail') ?? '';
  if (old === 'all') return undefined;
  return integer(query, old === '' ? 'tailLines' : 'tail');
}

/** Present without a value is true; only `false` and `0` are false. */
function boolean(query: URLSearchParams, name: string): boolean {
  const text = query.get(name);
  return text !== null && text !== '0' && text.toLowerCase() !== 'false';
}

function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^[+-]?\d{1,19}$/.test(text)) {
    throw new LogQueryError(400, `${name}: ${JSON.stringify(text.slice(0, 40))} is not an integer`);
  }
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
}

const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

function time(query: URLSearchParams, name: string): Date | undefined {
  const text = query.get(name);
  if (text === null || text === '' || text === 'null') return undefined;
  const date = new Date(rfc3339.test(text) ? text : Number.NaN);
  if (Number.isNaN(date.getTime())) {
    throw new LogQueryError(400, `${name}: ${JSON.stringify(text.slice(0, 40))} is not an RFC 3339 time`);
  }
  return date;
}

function secondsBefore(now: Date, seconds: number): Date {
  return new Date(Math.max(0, now.getTime() - seconds * 1_000));
}

function isStream(text: string): text is LogStream {
  return text === 'All' || text === 'Stdout' || text === 'Stderr';
}
