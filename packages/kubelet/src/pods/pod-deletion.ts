import type { StatusWriter } from '../cluster/cluster.ts';
import type { Clock } from '../node/clock.ts';
import type { Logger } from '../node/logger.ts';
import type { PodIdentity } from '../provider.ts';

const firstRetryMs = 500;
const maxRetryMs = 30_000;

/** Lets go of the pod's object: one DELETE that the API server takes, repeated until it does or `signal` aborts. */
export async function deletePodObject(
  pod: PodIdentity,
  options: {
    readonly api: Pick<StatusWriter, 'deletePod'>;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { api, clock, logger, signal } = options;
  for (let retryMs = firstRetryMs; !signal.aborted; retryMs = Math.min(retryMs * 2, maxRetryMs)) {
    try {
      await api.deletePod(pod, { signal });
      return;
    } catch (error) {
      if (signal.aborted) return;
      logger.warn({ ...pod, error }, 'a pod could not be deleted and is asked for again');
      await clock.sleep(retryMs, { signal }).catch(() => undefined);
    }
  }
}
