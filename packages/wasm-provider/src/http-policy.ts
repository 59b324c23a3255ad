import { ProviderError } from '@wasmlet/kubelet/provider';
import { experimentalHttp, HttpPolicyError } from '@wasmlet/wasi-http';
import type { HostModules } from './guest-spec.ts';

/** JSON array of URLs whose hosts every container of the pod may contact. Absent: none. */
export const allowedDomainsAnnotation = 'alpha.wasi.krustlet.dev/allowed-domains';
/** Decimal number of responses that a container may hold open at once. Absent: no limit. */
export const maxConcurrentRequestsAnnotation = 'alpha.wasi.krustlet.dev/max-concurrent-requests';

/**
 * Outbound HTTP as the pod's annotations (Krustlet's two) ask for it, under the operator's grants.
 *
 * @throws {@link ProviderError} `CONTAINER_CONFIG` naming the annotation whose value cannot be used.
 */
export function httpFromAnnotations(
  annotations: Readonly<Record<string, string>>,
  grants: readonly string[],
): HostModules[number] {
  const allowedDomains = parseDomains(annotations[allowedDomainsAnnotation]);
  const maxConcurrentRequests = parseLimit(annotations[maxConcurrentRequestsAnnotation]);
  try {
    return experimentalHttp({
      allowedDomains,
      grants,
      ...(maxConcurrentRequests === undefined ? {} : { maxConcurrentRequests }),
    });
  } catch (cause) {
    if (!(cause instanceof HttpPolicyError)) throw cause;
    throw badAnnotation(allowedDomainsAnnotation, cause.message, cause);
  }
}

function parseDomains(value: string | undefined): readonly string[] {
  if (value === undefined) return [];
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch (cause) {
    throw badAnnotation(allowedDomainsAnnotation, 'is not JSON: write ["https://example.com"]', cause);
  }
  if (!Array.isArray(parsed) || !parsed.every((entry) => typeof entry === 'string')) {
    throw badAnnotation(allowedDomainsAnnotation, 'is no JSON array of URLs: write ["https://example.com"]');
  }
  return parsed;
}

function parseLimit(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const limit = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
  if (!(limit <= 0xffff_ffff)) {
    throw badAnnotation(
      maxConcurrentRequestsAnnotation,
      `"${value.slice(0, 40)}" is no number from 0 to 4294967295`,
    );
  }
  return limit;
}

function badAnnotation(name: string, problem: string, cause?: unknown): ProviderError {
  return new ProviderError('CONTAINER_CONFIG', `annotation ${name}: ${problem}`, { cause });
}
