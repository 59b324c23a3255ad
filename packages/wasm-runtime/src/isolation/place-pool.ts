import type { GuestPlace } from './guest-place.ts';

/** Places that are loaded and wait, empty, for a guest. */
export interface PlacePool extends AsyncDisposable {
  /** How many wait. */
  readonly waiting: number;
  /** A waiting place, or a fresh one. Throws {@link RuntimeError} `HOST_FAILED` when none can be started. */
  take(): GuestPlace;
  /** Starts what is missing, soon. To be called when a guest runs. */
  refill(): void;
}

export interface PlacePoolOptions {
  /** How many are to wait. */
  readonly idle: number;
  /** Starts one; `waits`: it will wait, so it may take its time to get fast. */
  readonly start: (options: { waits: boolean }) => GuestPlace;
  /** Whether there is room for one that waits. @default always */
  readonly mayGrow?: () => boolean;
}

/** Making a process holds this thread up for some milliseconds, in which a guest's first words would not be heard. */
const refillDelayMs = 20;

export function createPlacePool({ idle, start, mayGrow = () => true }: PlacePoolOptions): PlacePool {
  const waiting: GuestPlace[] = [];
  let closed = false;
  let timer: NodeJS.Timeout | undefined;

  const refill = (): void => {
    timer = undefined;
    while (!closed && waiting.length < idle && mayGrow()) {
      const place = tryStart(start);
      if (place === undefined) return;
      waiting.push(place);
      void place.gone.then(() => {
        // Gone while it waited: not refilled at once, or a place that cannot start would be started for ever.
        const at = waiting.indexOf(place);
        if (at >= 0) waiting.splice(at, 1);
      });
    }
  };
  refill();

  return {
    get waiting() {
      return waiting.length;
    },
    take: () => waiting.shift() ?? start({ waits: false }),
    refill() {
      if (!closed) timer ??= setTimeout(refill, refillDelayMs);
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      clearTimeout(timer);
      const ends = waiting.map(({ gone }) => gone);
      for (const place of waiting) place.kill();
      await Promise.all(ends);
    },
  };
}

/** Nobody waits for this one; who needs a place when none can be started is told then. */
function tryStart(start: PlacePoolOptions['start']): GuestPlace | undefined {
  try {
    return start({ waits: true });
  } catch {
    return undefined;
  }
}
