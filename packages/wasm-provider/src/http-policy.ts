import { createEgressGuard, EgressError, type EgressPolicy } from '@wasmlet/egress';
import { ProviderError } from '@wasmlet/kubelet/provider';
import { experimentalHttp, type HttpLimits, HttpPolicyError, outgoingHttp } from '@wasmlet/wasi-http';
import { type AskedEgress, egressAnnotation, parseEgressAnnotation } from './egress-annotation.ts';
import type { HostModules } from './guest-spec.ts';

/** JSON array of URLs whose hosts every container of the pod may contact by HTTP. Absent: none. */
export const allowedDomainsAnnotation = 'alpha.wasi.krustlet.dev/allowed-domains';
/** Decimal number of responses that a container may hold open at once. Absent: no limit. */
export const maxConcurrentRequestsAnnotation = 'alpha.wasi.krustlet.dev/max-concurrent-requests';

/** What the operator says of where pods may connect to; see the policy of `@wasmlet/egress`. */
export type OperatorEgress = Omit<EgressPolicy, 'allowedHosts'>;

/** Where the containers of a pod may connect to. */
export interface PodEgress {
  /** For modules, and for components. */
  readonly http: { readonly module: HostModules[number]; readonly component: HostModules[number] };
  /** For the sockets of components. */
  readonly sockets: EgressPolicy;
}

/**
 * What the pod's annotations (Krustlet's two, and {@link egressAnnotation}) ask for, under what the operator says. Krustlet's
 * open hosts to HTTP alone.
 *
 * @throws {@link ProviderError} `CONTAINER_CONFIG` naming the annotation whose value cannot be used.
 */
export function egressFromAnnotations(
  annotations: Readonly<Record<string, string>>,
  operator: OperatorEgress,
): PodEgress {
  const asked = annotations[egressAnnotation];
  const { allow, ...limits } = asked === undefined ? nothing : parseEgressAnnotation(asked);
  const sockets: EgressPolicy = { ...operator, allowedHosts: allow };
  const domains = parseDomains(annotations[allowedDomainsAnnotation]);
  const most = fewest(parseLimit(annotations[maxConcurrentRequestsAnnotation]), limits);
  checkEntries(sockets);
  try {
    const module = experimentalHttp({ ...sockets, ...limits, ...most, allowedDomains: domains });
    const { allowedHosts } = module.config as EgressPolicy;
    const component = outgoingHttp({ ...sockets, ...limits, ...most, allowedHosts });
    return { http: { module, component }, sockets };
  } catch (cause) {
    if (!(cause instanceof HttpPolicyError)) throw cause;
    throw badAnnotation(allowedDomainsAnnotation, cause.message, cause);
  }
}

const nothing: AskedEgress = { allow: [] };

function checkEntries(policy: EgressPolicy): void {
  try {
    createEgressGuard(policy);
  } catch (cause) {
    // What the operator says is no annotation's fault.
    if (!(cause instanceof EgressError) || cause.code !== 'INVALID_HOST') throw cause;
    throw badAnnotation(egressAnnotation, cause.message, cause);
  }
}

/** The lower of both annotations' limits. */
function fewest(
  limit: number | undefined,
  { maxConcurrentRequests: own }: HttpLimits,
): Pick<HttpLimits, 'maxConcurrentRequests'> {
  if (limit === undefined) return own === undefined ? {} : { maxConcurrentRequests: own };
  return { maxConcurrentRequests: Math.min(limit, own ?? limit) };
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
