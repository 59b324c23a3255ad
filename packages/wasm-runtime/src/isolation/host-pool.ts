import { type GuestHostOptions, type GuestHostProcess, startGuestHost } from './guest-host-process.ts';

/** Guest hosts that are loaded and wait, empty, for an assignment. */
export interface HostPool extends AsyncDisposable {
  /** A waiting guest host, or a fresh one. */
  take(): GuestHostProcess;
  /** Starts what is missing. Called when a guest runs, so that two processes do not slow each other's start. */
  refill(): void;
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
    take: () => waiting.shift() ?? startGuestHost(options),
    refill,
    async [Symbol.asyncDispose]() {
      closed = true;
      for (const host of waiting) host.kill();
      await Promise.all(waiting.map(({ gone }) => gone));
    },
  };
}
