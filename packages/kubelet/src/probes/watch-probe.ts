import type { Clock } from '../node/clock.ts';
import type { ProbeOutcome } from './attempt-probe.ts';
import type { ProbeSpec } from './probe-spec.ts';

export interface ProbeWatch {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly attempt: (signal: AbortSignal) => Promise<ProbeOutcome>;
  /** Is told of each attempt that failed. */
  readonly onFailure: (message: string) => void;
  /** Is told when so many attempts in a row have had the same outcome as its threshold says; ends the watch with `false`. */
  readonly onVerdict: (healthy: boolean, message: string) => boolean;
}

/** Does a probe again and again, until `signal` aborts or its verdict ends it. Never rejects. */
export async function watchProbe(spec: ProbeSpec, watch: ProbeWatch): Promise<void> {
  const { clock, signal, attempt, onFailure, onVerdict } = watch;
  let streak = { healthy: false, length: 0 };
  const sleep = (ms: number): Promise<boolean> =>
    clock.sleep(ms, { signal }).then(
      () => true,
      () => false,
    );
  if (spec.initialDelayMs > 0 && !(await sleep(spec.initialDelayMs))) return;
  for (;;) {
    const outcome = await attempt(signal);
    if (signal.aborted) return;
    const { healthy } = outcome;
    const message = outcome.healthy ? '' : outcome.message;
    streak = { healthy, length: streak.healthy === healthy ? streak.length + 1 : 1 };
    if (!healthy) onFailure(message);
    const wanted = healthy ? spec.successThreshold : spec.failureThreshold;
    if (streak.length >= wanted && !onVerdict(healthy, message)) return;
    if (!(await sleep(spec.periodMs))) return;
  }
}
