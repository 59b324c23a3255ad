import type { GuestPlace } from './guest-place.ts';

/** Places that are loaded and wait, empty, for a guest. */
export interface PlacePool extends AsyncDisposable {
  /** How many wait. */
  readonly waiting: number;
  /** A waiting place, or a fresh one. Throws {@link RuntimeError} `HOST_FAILED` when none can be started. */
  take(): GuestPlace;
  /** To be called when the guest of a place that was taken runs, or cannot: starts what is missing, soon. */
  refill(taken: GuestPlace): void;
}

export interface PlacePoolOptions {
  /** How many are to wait when it is calm. */
  readonly idle: number;
  /** How many may wait for some time after guests have come faster than places. @default idle */
  readonly maxIdle?: number;
  /** Starts one; `waits`: it will wait, so it may take its time to get fast. */
  readonly start: (options: { waits: boolean }) => GuestPlace;
  /** Whether there is room for one that waits. @default always */
  readonly mayGrow?: () => boolean;
}

/** Making a process holds this thread up for some milliseconds, in which a guest's first words would not be heard. */
const refillDelayMs = 20;

/** While guests begin, which are not to share the machine with places that nobody needs yet. */
const busyRefillDelayMs = 1000;

/** After which, with a place for every guest that came, the pool is back at what waits when it is calm. */
const calmMs = 30_000;

export function createPlacePool({
  idle,
  maxIdle = idle,
  start,
  mayGrow = () => true,
}: PlacePoolOptions): PlacePool {
  const waiting: GuestPlace[] = [];
  const beginning = new Set<GuestPlace>();
  const leaving = new Set<Promise<unknown>>();
  let wanted = idle;
  let closed = false;
  let refilling: NodeJS.Timeout | undefined;
  let calming: NodeJS.Timeout | undefined;

  const refill = (): void => {
    refilling = undefined;
    while (!closed && waiting.length < wanted && mayGrow()) {
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
  const calm = (): void => {
    wanted = idle;
    for (const place of waiting.splice(idle)) {
      leaving.add(place.gone);
      void place.gone.then(() => leaving.delete(place.gone));
      place.kill();
    }
  };
  const startMissing = (): GuestPlace => {
    if (wanted < maxIdle) wanted += 1;
    clearTimeout(calming);
    if (wanted > idle) calming = setTimeout(calm, calmMs);
    return start({ waits: false });
  };
  refill();

  return {
    get waiting() {
      return waiting.length;
    },
    take() {
      const place = waiting.shift() ?? startMissing();
      beginning.add(place);
      return place;
    },
    refill(taken) {
      beginning.delete(taken);
      if (closed) return;
      if (beginning.size > 0) {
        refilling ??= setTimeout(refill, busyRefillDelayMs);
      } else {
        clearTimeout(refilling);
        refilling = setTimeout(refill, refillDelayMs);
      }
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      clearTimeout(refilling);
      clearTimeout(calming);
      const ends = waiting.map(({ gone }) => gone);
      for (const place of waiting) place.kill();
      await Promise.all([...ends, ...leaving]);
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
