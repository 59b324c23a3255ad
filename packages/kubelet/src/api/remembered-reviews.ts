import type { Authorizer, UserInfo } from '../cluster/cluster.ts';
import type { Clock } from '../node/clock.ts';
import { createExpiringCache } from './expiring-cache.ts';

export interface RememberedReviewsOptions {
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  /** Ends reviews that are under way. */
  readonly signal: AbortSignal;
}

/** Upstream's `authentication.webhook.cacheTTL`, for tokens that are good and those that are not. */
const tokenMs = 2 * 60_000;
/** Upstream's `authorization.webhook.cacheAuthorizedTTL`. */
const allowedMs = 5 * 60_000;
/** Upstream's `authorization.webhook.cacheUnauthorizedTTL`. */
const deniedMs = 30_000;
const maxTokens = 1_024;
const maxDecisions = 8_192;
/** A review that takes longer has failed. */
const reviewMs = 30_000;

/** The same authorizer, asked no more often than by upstream's kubelet. */
export function rememberedReviews({ authorizer, clock, signal }: RememberedReviewsOptions): Authorizer {
  const users = createExpiringCache<UserInfo | undefined>({
    maxEntries: maxTokens,
    lifetimeMs: () => tokenMs,
    clock,
  });
  const decisions = createExpiringCache<{ readonly allowed: boolean; readonly reason: string }>({
    maxEntries: maxDecisions,
    lifetimeMs: ({ allowed }) => (allowed ? allowedMs : deniedMs),
    clock,
  });
  // A review serves all who wait for it, so no single caller may end it.
  const patience = (): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(reviewMs)]);

  return {
    authenticate: (token) => users.get(token, () => authorizer.authenticate(token, { signal: patience() })),
    authorize: (user, attributes) =>
      decisions.get(JSON.stringify([user, attributes]), () =>
        authorizer.authorize(user, attributes, { signal: patience() }),
      ),
  };
}
