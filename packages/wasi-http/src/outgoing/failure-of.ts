import { EgressError } from '@wasmlet/egress';
import { type ErrorCode, HttpFailure, type PlainCode } from '../types/error-code.ts';

/** What a failure of the network, of TLS or of HTTP is for a guest. */
export function failureOf(error: unknown): HttpFailure {
  if (error instanceof HttpFailure) return error;
  return new HttpFailure(detailOf(error), { cause: error });
}

function detailOf(error: unknown): ErrorCode {
  if (error instanceof EgressError) return egressDetail(error);
  if (!(error instanceof Error)) return { code: 'internal-error' };
  if (error instanceof AggregateError && error.errors.length > 0) return detailOf(error.errors[0]);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const known = codes[code];
  if (known !== undefined) return { code: known };
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return { code: 'HTTP-response-header-section-size' };
  if (error.name === 'HTTPParserError') return { code: 'HTTP-protocol-error' };
  if (certificateError.test(code)) return { code: 'TLS-certificate-error' };
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO') return tlsDetail(error.message);
  return error.cause === undefined ? { code: 'internal-error' } : detailOf(error.cause);
}

function egressDetail({ code, reason: denied, cause }: EgressError): ErrorCode {
  if (denied === 'address-not-allowed') return { code: 'destination-IP-prohibited' };
  if (code === 'DENIED') return { code: 'HTTP-request-denied' };
  if (code !== 'UNRESOLVED') return { code: 'HTTP-request-URI-invalid' };
  const reason = (cause as { readonly code?: unknown } | undefined)?.code;
  if (reason === 'EAI_AGAIN' || reason === 'ETIMEOUT') return { code: 'DNS-timeout' };
  return {
    code: 'DNS-error',
    rcode: reason === 'ENOTFOUND' || cause === undefined ? 'NXDOMAIN' : 'SERVFAIL',
  };
}

function tlsDetail(message: string): ErrorCode {
  const [, id] = /SSL alert number (\d{1,3})/.exec(message) ?? [];
  return id === undefined
    ? { code: 'TLS-protocol-error' }
    : { code: 'TLS-alert-received', alertId: Number(id) };
}

const certificateError =
  /^(?:ERR_TLS_CERT_|CERT_|CRL_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED)/;

const codes: Readonly<Record<string, PlainCode>> = {
  ECONNREFUSED: 'connection-refused',
  ECONNRESET: 'connection-terminated',
  EPIPE: 'connection-terminated',
  UND_ERR_SOCKET: 'connection-terminated',
  UND_ERR_CLOSED: 'connection-terminated',
  UND_ERR_DESTROYED: 'connection-terminated',
  ETIMEDOUT: 'connection-timeout',
  UND_ERR_CONNECT_TIMEOUT: 'connection-timeout',
  UND_ERR_HEADERS_TIMEOUT: 'connection-read-timeout',
  UND_ERR_BODY_TIMEOUT: 'connection-read-timeout',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'HTTP-response-incomplete',
  EHOSTUNREACH: 'destination-IP-unroutable',
  ENETUNREACH: 'destination-IP-unroutable',
  EADDRNOTAVAIL: 'destination-IP-unroutable',
  EMFILE: 'connection-limit-reached',
  ENFILE: 'connection-limit-reached',
};
