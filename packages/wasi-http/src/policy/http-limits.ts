import { HttpPolicyError } from '../errors.ts';
import { defaultTimeouts, type HttpConfig, type HttpTimeouts, maxTimeoutMs } from './config.ts';

/** How much a guest may do by HTTP. */
export interface HttpLimits {
  /** Most responses that the guest may hold open at once; 0 allows no request. @default as many as the limits let it */
  readonly maxConcurrentRequests?: number;
  /** Most bytes of a request's body, and of a response's. @default no limit, as bodies are streamed */
  readonly maxBodyBytes?: number;
  readonly timeouts?: Partial<HttpTimeouts>;
}

/** Throws {@link HttpPolicyError} for a limit that is no number which it could be. */
export function checkedLimits(limits: HttpLimits): Omit<HttpConfig, 'allowedHosts' | 'grants'> {
  const { maxConcurrentRequests, maxBodyBytes, timeouts = {} } = limits;
  return {
    ...checkedCount('maxConcurrentRequests', maxConcurrentRequests),
    ...checkedCount('maxBodyBytes', maxBodyBytes),
    timeouts: checkedTimeouts({ ...defaultTimeouts, ...timeouts }),
  };
}

function checkedCount<Name extends string>(
  name: Name,
  count: number | undefined,
): { readonly [K in Name]?: number } {
  if (count === undefined) return {};
  if (Number.isSafeInteger(count) && count >= 0)
    return { [name]: count } as { readonly [K in Name]?: number };
  throw new HttpPolicyError('INVALID_LIMIT', `${name} ${count} is no whole number from 0`);
}

function checkedTimeouts(timeouts: HttpTimeouts): HttpTimeouts {
  for (const [name, value] of Object.entries(timeouts)) {
    if (!(Number.isSafeInteger(value) && value > 0 && value <= maxTimeoutMs)) {
      throw new HttpPolicyError(
        'INVALID_TIMEOUT',
        `timeout ${name} ${value} is no whole number of milliseconds from 1 to ${maxTimeoutMs}`,
      );
    }
  }
  return timeouts;
}
