import { type GuestHostOptions, type GuestHostProcess, startGuestHost } from './guest-host-process.ts';

/** Guest hosts that are loaded and wait, empty, for an assignment. */
export interface HostPool extends AsyncDisposable {
  /** A waiting guest host, or a fresh one; another is started in its place. */
  take(): GuestHostProcess;
}

export function createHostPool(idle: number, options: GuestHostOptions): HostPool {
  const waiting: GuestHostProcess[] = [];
  let closed = false;

  const refill = (): void => {
    while (!closed && waiting.length < idle) {
      const host = startGuestHost(options);
      waiting.push(host);
      void host.gone.then(() => {
        // Gone while it waited: not refilled at once, or a host that cannot start would be started for ever.
        const at = waiting.indexOf(host);
        if (at >= 0) waiting.splice(at, 1);
      });
    }
  };
  refill();

  return {
    take() {
      const host = waiting.shift() ?? startGuestHost(options);
      // After this start: two processes that load at once would slow each other down.
      void host.ready.then(refill, () => {});
      return host;
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      for (const host of waiting) host.kill();
      await Promise.all(waiting.map(({ gone }) => gone));
    },
  };
}
