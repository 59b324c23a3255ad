import type { RetryPolicy } from './retry-policy.ts';

/** How long each host is to be left alone: one back-off per host, shared by all requests of a client. */
export interface HostBackoff {
  /**
   * Waits until the host may be asked. Not at all where that would be after `endsAt` or further away than the policy's
   * `maxPauseMs`: whether a request of that kind is refused as well is then for the host to say.
   */
  ready(
    host: string,
    limits: { readonly endsAt: number; readonly signal: AbortSignal | undefined },
  ): Promise<void>;
  /**
   * Notes a failure. Returns in how many milliseconds the host may be asked again: what it asked for with
   * `afterMs`, else a random time below a limit that doubles with every failure.
   */
  failed(host: string, failure: { readonly tried: number; readonly afterMs: number | undefined }): number;
  succeeded(host: string): void;
  /** Milliseconds until the host may be asked. */
  pauseMs(host: string): number;
}

export interface Pause {
  readonly host: string;
  readonly ms: number;
}

interface HostState {
  failures: number;
  notBefore: number;
}

/** Registries and the servers that they redirect to name hosts; what is known of further ones is begun anew. */
const maxHosts = 1_000;

export function createHostBackoff(policy: RetryPolicy, onPause?: (pause: Pause) => void): HostBackoff {
  const hosts = new Map<string, HostState>();
  const stateOf = (host: string): HostState => {
    const known = hosts.get(host);
    if (known) return known;
    if (hosts.size >= maxHosts) hosts.clear();
    const state = { failures: 0, notBefore: 0 };
    hosts.set(host, state);
    return state;
  };

  const pause = async (host: string, state: HostState, signal: AbortSignal | undefined): Promise<void> => {
    const until = state.notBefore;
    const ms = Math.ceil(until - policy.now());
    onPause?.({ host, ms });
    try {
      await policy.wait(ms, { signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
    signal?.throwIfAborted();
    // Unless another failure has put it off in the meantime.
    if (state.notBefore === until) state.notBefore = 0;
  };

  return {
    async ready(host, { endsAt, signal }) {
      const state = stateOf(host);
      const isNear = (): boolean => state.notBefore <= Math.min(endsAt, policy.now() + policy.maxPauseMs);
      while (state.notBefore > policy.now() && isNear()) await pause(host, state, signal);
    },
    failed(host, { tried, afterMs }) {
      const state = stateOf(host);
      const now = policy.now();
      // Requests that were under way together fail together: that is one failure.
      if (state.notBefore <= now) state.failures += 1;
      const ms = afterMs ?? jittered(policy, Math.max(tried, state.failures));
      state.notBefore = Math.max(state.notBefore, now + ms);
      return state.notBefore - now;
    },
    succeeded(host) {
      const state = hosts.get(host);
      // Answers to what was sent before a failure say nothing of the time after it.
      if (state && state.notBefore <= policy.now()) hosts.delete(host);
    },
    pauseMs: (host) => Math.max(0, (hosts.get(host)?.notBefore ?? 0) - policy.now()),
  };
}

/** Anything up to the doubled delay ("full jitter"), so that clients that failed together do not come back together. */
function jittered({ baseDelayMs, maxDelayMs, random }: RetryPolicy, failures: number): number {
  return random() * Math.min(maxDelayMs, baseDelayMs * 2 ** (failures - 1));
}
