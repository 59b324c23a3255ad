/** What a handler has done so far. */
export interface HandlerStats {
  /** Requests that run now. */
  readonly active: number;
  /** Requests that were answered or given up, those refused among them. */
  readonly requests: number;
  /** Answers by the first digit of their status: `{ 2: 40, 5: 1 }`. */
  readonly byClass: Readonly<Record<number, number>>;
  /** Requests in which the guest trapped. */
  readonly traps: number;
  /** Requests that were refused since too many ran. */
  readonly refused: number;
  /** Requests whose client went before the end. */
  readonly gone: number;
  /** Requests that took longer than they may. */
  readonly timedOut: number;
  /** Instances that were started, or put back to what they were at their start. */
  readonly instances: number;
}

export interface Counters {
  active: number;
  requests: number;
  readonly byClass: Record<number, number>;
  traps: number;
  refused: number;
  gone: number;
  timedOut: number;
}

export function createCounters(): Counters {
  return { active: 0, requests: 0, byClass: {}, traps: 0, refused: 0, gone: 0, timedOut: 0 };
}
