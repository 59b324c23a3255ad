/** Longest that host modules may take to close what they hold, and what was sent to go. */
const closeTimeoutMs = 1000;

/** Waits for what closes, but not for long. */
export async function within(closing: Promise<void> | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, closeTimeoutMs);
  });
  await Promise.race([closing, timeout]);
  clearTimeout(timer);
}
