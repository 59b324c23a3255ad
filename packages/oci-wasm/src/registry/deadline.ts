import { OciError } from '../errors.ts';
import type { RepositoryContext } from './repository-context.ts';
import { maxTimerMs, type RetryPolicy } from './http/retry-policy.ts';

/** The end of one transfer. Disposing of it stops its timer. */
export interface Deadline extends Disposable {
  /** By the policy's clock. */
  readonly endsAt: number;
  /** Aborted by the caller, or with {@link OciError} `TIMEOUT` when the time is over. */
  readonly signal: AbortSignal;
}

export interface DeadlineOptions {
  readonly totalMs: number;
  readonly retry: RetryPolicy;
  readonly registry: string;
  /** Repository, for messages. */
  readonly name: string;
}

export function startDeadline(
  { totalMs, retry, registry, name }: DeadlineOptions,
  signal: AbortSignal | undefined,
): Deadline {
  const late = new AbortController();
  const expire = (): void => {
    const problem = `a transfer was not complete within ${totalMs / 1000} s; try again later, or allow more time`;
    late.abort(
      new OciError('TIMEOUT', `registry ${registry}: ${name}: ${problem}`, {
        host: registry,
        reference: name,
      }),
    );
  };
  // It limits what goes on; it is nothing to stay alive for.
  const timer = setTimeout(expire, Math.min(totalMs, maxTimerMs)).unref();
  return {
    endsAt: retry.now() + totalMs,
    signal: signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]),
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}

/** A way to a repository all of whose requests keep to a deadline. */
export function within(context: RepositoryContext, { endsAt }: Deadline): RepositoryContext {
  const { sender } = context;
  return {
    ...context,
    endsAt,
    sender: {
      send: (request) => sender.send({ endsAt, ...request }),
      secrets: sender.secrets,
      get access() {
        return sender.access;
      },
    },
  };
}
