import { type GuestHostOptions, type GuestHostProcess, startGuestHost } from './guest-host-process.ts';

/** Guest hosts that are loaded and wait, empty, for an assignment. */
export interface HostPool extends AsyncDisposable {
  /** A waiting guest host, or a fresh one. Throws {@link RuntimeError} `HOST_FAILED` when none can be started. */
  take(): GuestHostProcess;
  /** Starts what is missing, soon. To be called when a guest runs. */
  refill(): void;
}

/** Making a process holds this thread up for some milliseconds, in which a guest's first words would not be heard. */
const refillDelayMs = 20;

export function createHostPool(idle: number, options: GuestHostOptions): HostPool {
  const waiting: GuestHostProcess[] = [];
  let closed = false;
  let timer: NodeJS.Timeout | undefined;

  const refill = (): void => {
    timer = undefined;
    while (!closed && waiting.length < idle) {
      const host = tryStart(options);
      if (host === undefined) return;
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
    take: () => waiting.shift() ?? startGuestHost(options, { waits: false }),
    refill() {
      if (!closed) timer ??= setTimeout(refill, refillDelayMs);
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      clearTimeout(timer);
      for (const host of waiting) host.kill();
      await Promise.all(waiting.map(({ gone }) => gone));
    },
  };
}

/** Nobody waits for this one; who needs a host when none can be started is told then. */
function tryStart(options: GuestHostOptions): GuestHostProcess | undefined {
  try {
    return startGuestHost(options, { waits: true });
  } catch {
    return undefined;
  }
}
