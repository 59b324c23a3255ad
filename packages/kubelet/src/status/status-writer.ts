import { ClusterError, type PodStatusPatch, type StatusWriter } from '../cluster/cluster.ts';
import type { Clock } from '../node/clock.ts';
import type { Logger } from '../node/logger.ts';
import type { Pod } from '../pods/pod.ts';
import type { AbortOptions, PodIdentity } from '../provider.ts';
import type { PodStatus } from './pod-status.ts';
import { statusPatch } from './status-patch.ts';

/** Writes the status of one pod: one patch at a time is in flight, and of those that wait the latest wins. */
export interface PodStatusWriter {
  /** Nothing waits or is on its way. */
  readonly isIdle: boolean;
  /** Sends `status` unless it is what was stored last. `force` sends it anyway. */
  write(status: PodStatus, options?: { readonly force?: boolean }): void;
  /** Resolves when all that was written is stored, or was given up: pod gone, refused, or aborted. */
  flushed(): Promise<void>;
}

export interface PodStatusWriterOptions {
  readonly pod: PodIdentity;
  /** The status that the API is known to hold. */
  readonly known: () => Pod['status'];
  readonly api: Pick<StatusWriter, 'patchPod'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The pod as the API stored it. */
  readonly onStored: (pod: Pod) => void;
  /** Ends what is in flight; nothing is written afterwards. */
  readonly signal: AbortSignal;
}

const firstRetryMs = 500;
const maxRetryMs = 30_000;

export function createPodStatusWriter(options: PodStatusWriterOptions): PodStatusWriter {
  const { pod, api, clock, logger, signal } = options;
  let stored: string | undefined;
  let wanted: PodStatus | undefined;
  let draining: Promise<void> | undefined;

  return {
    get isIdle() {
      return draining === undefined;
    },
    write(status, { force = false } = {}) {
      if (signal.aborted) return;
      if (force) stored = undefined;
      if (draining === undefined && JSON.stringify(status) === stored) return;
      wanted = status;
      draining ??= drain();
    },
    async flushed() {
      await draining;
    },
  };

  async function drain(): Promise<void> {
    // What is written in the same turn becomes one patch.
    await Promise.resolve();
    try {
      await sendWanted();
    } finally {
      draining = undefined;
    }
  }

  async function sendWanted(): Promise<void> {
    let retryMs = firstRetryMs;
    while (wanted !== undefined && !signal.aborted) {
      const status = wanted;
      const text = JSON.stringify(status);
      if (text === stored) {
        wanted = undefined;
        return;
      }
      const outcome = await send(statusPatch(status, options.known()), { signal });
      if (outcome.kind === 'retry') {
        await clock.sleep(outcome.afterMs ?? retryMs, { signal }).catch(() => undefined);
        retryMs = Math.min(retryMs * 2, maxRetryMs);
        continue;
      }
      retryMs = firstRetryMs;
      if (outcome.kind === 'stored') {
        stored = text;
        options.onStored(outcome.pod);
      }
      // What was written while the patch was on its way is still wanted, unless the pod is gone.
      if (wanted === status || outcome.kind === 'gone') wanted = undefined;
    }
  }

  async function send(patch: PodStatusPatch, abort: AbortOptions): Promise<Outcome> {
    try {
      return { kind: 'stored', pod: await api.patchPod(pod, patch, abort) };
    } catch (error) {
      if (signal.aborted) return { kind: 'gone' };
      const code = error instanceof ClusterError ? error.code : undefined;
      if (code === 'NotFound') return { kind: 'gone' };
      if (code === 'Invalid') {
        logger.error({ ...pod, patch, error }, 'the API server refused a pod status');
        return { kind: 'refused' };
      }
      logger.warn({ ...pod, error }, 'a pod status could not be written and is sent again');
      const afterMs = error instanceof ClusterError ? error.retryAfterMs : undefined;
      return { kind: 'retry', ...(afterMs === undefined ? {} : { afterMs }) };
    }
  }
}

type Outcome =
  | { readonly kind: 'stored'; readonly pod: Pod }
  | { readonly kind: 'gone' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'retry'; readonly afterMs?: number };
