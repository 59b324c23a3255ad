/** Longest that one timer of Node's can be. */
const longestMs = 2 ** 31 - 1;

/** Calls `onTimeout` after so many milliseconds, weeks included; nothing is started for `undefined`. Returns what ends it. */
export function startTimeout(ms: number | undefined, onTimeout: (ms: number) => void): () => void {
  if (ms === undefined) return () => {};
  const deadline = performance.now() + ms;
  let timer: NodeJS.Timeout;
  const arm = (): void => {
    const left = deadline - performance.now();
    timer = left > longestMs ? setTimeout(arm, longestMs) : setTimeout(onTimeout, left, ms);
  };
  arm();
  return () => clearTimeout(timer);
}
