/** How often a guest has called its host. */
export interface CallCount {
  readonly total: number;
  /** It does so once more. */
  add(): void;
}

/** The first number that is told; then each that is twice the one before, and from `maxStep` on each that is so many more. */
const firstTold = 1024;
const maxStep = 65_536;

/** @param tell hears of it now and then: seldom enough for nobody to notice, and as its thread may never be free to be asked */
export function createCallCount(tell: (total: number) => void = () => {}): CallCount {
  let total = 0;
  let next = firstTold;
  return {
    get total() {
      return total;
    },
    add() {
      total += 1;
      if (total < next) return;
      next += Math.min(total, maxStep);
      tell(total);
    },
  };
}
