import type { ErrorCode } from '../types/error-code.ts';

/** The status that stands for an error that a guest answers instead of a response. */
export function statusOfError({ code }: ErrorCode): number {
  return statuses[code] ?? (/^(?:DNS|TLS|destination|connection)-|^HTTP-response-/.test(code) ? 502 : 500);
}

const statuses: { readonly [Code in ErrorCode['code']]?: number } = {
  'DNS-timeout': 504,
  'connection-timeout': 504,
  'connection-read-timeout': 504,
  'connection-write-timeout': 504,
  'HTTP-response-timeout': 504,
  'HTTP-request-denied': 403,
  'HTTP-request-length-required': 411,
  'HTTP-request-body-size': 413,
  'HTTP-request-method-invalid': 400,
  'HTTP-request-URI-invalid': 400,
  'HTTP-request-URI-too-long': 414,
  'HTTP-request-header-section-size': 431,
  'HTTP-request-header-size': 431,
  'loop-detected': 508,
};
