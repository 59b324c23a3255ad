import type { Clock } from '../node/clock.ts';

/** `spec.activeDeadlineSeconds`, counted from the pod's start; it may be set and changed while the pod runs. */
export interface ActiveDeadline {
  arm(seconds: number | undefined): void;
  cancel(): void;
}

export interface ActiveDeadlineOptions {
  readonly clock: Clock;
  readonly startTime: Date;
  readonly onExceeded: () => void;
}

export function createDeadline({ clock, startTime, onExceeded }: ActiveDeadlineOptions): ActiveDeadline {
  let timer = new AbortController();

  const wait = async (seconds: number, signal: AbortSignal): Promise<void> => {
    const remainingMs = startTime.getTime() + seconds * 1000 - clock.now().getTime();
    try {
      await clock.sleep(Math.max(0, remainingMs), { signal });
    } catch {
      return;
    }
    onExceeded();
  };

  return {
    arm(seconds) {
      timer.abort();
      timer = new AbortController();
      if (seconds !== undefined) void wait(seconds, timer.signal);
    },
    cancel: () => timer.abort(),
  };
}
