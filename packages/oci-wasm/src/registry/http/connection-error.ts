import { OciError } from '../../errors.ts';
import type { RegistryTimeouts } from './timeouts.ts';

/** Whether a connection failed in a way that may be over at once: only these are tried again. */
export function isReset(error: unknown): boolean {
  return resets.includes(codeOf(error));
}

const resets: readonly string[] = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'EAI_AGAIN'];

/** Whether there was no connection, or none in a protocol that both sides speak: the other scheme may still work. */
export function isConnectFailure(error: unknown): boolean {
  const code = codeOf(error);
  return connectFailures.includes(code) || isProtocolMismatch(code);
}

const connectFailures: readonly string[] = [
  'ECONNREFUSED',
  'ECONNRESET',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
];

/** Says in words what Node's and undici's connection errors mean. */
export function connectionError(
  error: unknown,
  host: string,
  timeouts: RegistryTimeouts,
  /** The proxy on the way. */
  proxy?: string,
): OciError {
  if (error instanceof OciError) return error;
  const code = codeOf(error);
  const details = { host, cause: error };
  if (proxy !== undefined && proxyFailures.includes(code)) {
    const said = error instanceof Error ? /Proxy response \((\d+)\)/.exec(error.message)?.[1] : undefined;
    const problem = said === undefined ? `failed (${code || describe(error)})` : `was refused with ${said}`;
    const text = `registry ${host}: the connection through the proxy ${proxy} ${problem}; check the proxy, or except the registry from it`;
    return new OciError(/TIMEOUT/.test(code) ? 'TIMEOUT' : 'UNAVAILABLE', text, details);
  }
  switch (code) {
    case 'UND_ERR_CONNECT_TIMEOUT':
      return new OciError(
        'TIMEOUT',
        `registry ${host}: no connection within ${seconds(timeouts.connectMs)}; check the name, the port and the network`,
        details,
      );
    case 'UND_ERR_HEADERS_TIMEOUT':
      return new OciError(
        'TIMEOUT',
        `registry ${host} did not answer within ${seconds(timeouts.idleMs)}; try again later`,
        details,
      );
    case 'UND_ERR_BODY_TIMEOUT':
      return new OciError(
        'TIMEOUT',
        `registry ${host} stopped in the middle of an answer and sent nothing for ${seconds(timeouts.idleMs)}; try again later`,
        details,
      );
    case 'UND_ERR_DESTROYED':
    case 'UND_ERR_CLOSED':
      return new OciError('CLOSED', 'the registry client has been closed', details);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new OciError(
        'UNAVAILABLE',
        `registry ${host}: its name has no address; check the name`,
        details,
      );
    case 'ECONNREFUSED':
      return new OciError(
        'UNAVAILABLE',
        `registry ${host}: the connection was refused; is it running?`,
        details,
      );
    default:
      if (isProtocolMismatch(code)) {
        const remedy = 'a registry with plain http must be listed in --insecure-registries';
        return new OciError(
          'UNAVAILABLE',
          `registry ${host} does not speak TLS (${code}); ${remedy}`,
          details,
        );
      }
      if (isUntrusted(code)) {
        const remedy =
          'add its CA to the folder of --registry-hosts-dir or with NODE_EXTRA_CA_CERTS, or list it in --insecure-registries';
        return new OciError(
          'UNAVAILABLE',
          `registry ${host}: its certificate is not trusted (${code}); ${remedy}`,
          details,
        );
      }
      if (isProtocolViolation(code)) {
        return new OciError(
          'INVALID_RESPONSE',
          `registry ${host} does not speak HTTP as it should (${code})`,
          details,
        );
      }
      return new OciError(
        'UNAVAILABLE',
        `registry ${host}: the connection failed (${code || describe(error)}); check the network, or try again`,
        details,
      );
  }
}

/** Where there is a proxy, these are about the way to it, or its answer to CONNECT. */
const proxyFailures: readonly string[] = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_ABORTED',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_PRX_CONN',
  'UND_ERR_PRX_TLS',
];

/** OpenSSL's protocol errors, as Node names them. */
function isProtocolMismatch(code: string): boolean {
  return code === 'EPROTO' || code.startsWith('ERR_SSL_');
}

/** An answer that is shorter than it announces is no violation: so a broken connection looks to some versions of HTTP. */
function isProtocolViolation(code: string): boolean {
  return /^HPE_|^UND_ERR_(?:HEADERS_OVERFLOW|RES(?!_CONTENT_LENGTH_MISMATCH$))/.test(code);
}

/** OpenSSL's verification results, as Node names them. */
function isUntrusted(code: string): boolean {
  return /^(?:CERT_|ERR_TLS_|UNABLE_TO_)|SELF_SIGNED_CERT|^HOSTNAME_MISMATCH$|^INVALID_CA$/.test(code);
}

function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}
