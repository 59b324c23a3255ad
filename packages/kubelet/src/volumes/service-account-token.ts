import type { V1ServiceAccountTokenProjection } from '@kubernetes/client-node';
import type { BoundToken, TokenIssuer } from '../cluster/cluster.ts';
import type { Clock } from '../node/clock.ts';
import type { Pod } from '../pods/pod.ts';
import { podIdentity } from '../pods/pod.ts';
import type { AbortOptions } from '../provider.ts';

export interface TokenSourceOptions {
  readonly tokens: TokenIssuer;
  readonly pod: Pod;
  readonly projection: V1ServiceAccountTokenProjection;
  readonly clock: Clock;
  /** From 0 to 1; spreads the refreshes of many pods. */
  readonly random: () => number;
}

/** A bound service-account token that is renewed in time. */
export interface TokenSource {
  /**
   * The token to use now. Asks for one when there is none or it is due; if that fails the old one stays
   * while it is valid, and else it rejects with `ClusterError`.
   */
  current(options?: AbortOptions): Promise<CurrentToken>;
}

export interface CurrentToken {
  readonly token: string;
  /** When to ask again. */
  readonly due: Date;
}

export function createTokenSource(options: TokenSourceOptions): TokenSource {
  const { tokens, pod, projection, clock, random } = options;
  let held: (BoundToken & { readonly due: number }) | undefined;

  return {
    async current({ signal } = {}) {
      const now = clock.now().getTime();
      if (held !== undefined && now < held.due) return { token: held.token, due: new Date(held.due) };
      try {
        const issued = await tokens.request(
          {
            namespace: pod.metadata.namespace,
            serviceAccount: pod.spec.serviceAccountName ?? 'default',
            expirationSeconds: projection.expirationSeconds ?? defaultExpirationSeconds,
            pod: podIdentity(pod),
            ...(projection.audience ? { audience: projection.audience } : {}),
          },
          signal === undefined ? {} : { signal },
        );
        const life = issued.expiresAt.getTime() - now;
        const due = now + Math.min(life * refreshShare, maxAgeMs) - random() * maxJitterMs;
        // Never at once, however short-lived the server makes its tokens.
        held = { ...issued, due: Math.max(due, now + minAgeMs) };
      } catch (error) {
        signal?.throwIfAborted();
        if (held === undefined || now >= held.expiresAt.getTime()) throw error;
        held = { ...held, due: now + retryMs };
      }
      return { token: held.token, due: new Date(held.due) };
    },
  };
}

const defaultExpirationSeconds = 3_600;
/** Upstream: at 80 % of its life, or after a day, up to ten seconds earlier. */
const refreshShare = 0.8;
const maxAgeMs = 24 * 60 * 60 * 1_000;
const maxJitterMs = 10_000;
const minAgeMs = 10_000;
const retryMs = 60_000;
