import type { V1Container, V1Probe } from '@kubernetes/client-node';

export type ProbeName = 'startup' | 'readiness' | 'liveness';

/** What is done to find out. */
export type ProbeAction =
  | {
      readonly kind: 'http';
      readonly scheme: 'http' | 'https';
      /** @default the pod's address */
      readonly host?: string;
      readonly port: number;
      readonly path: string;
      readonly headers: readonly (readonly [name: string, value: string])[];
    }
  | { readonly kind: 'tcp'; readonly host?: string; readonly port: number };

/** A probe with the API's defaults filled in. */
export interface ProbeSpec {
  readonly name: ProbeName;
  readonly action: ProbeAction;
  readonly initialDelayMs: number;
  readonly periodMs: number;
  readonly timeoutMs: number;
  /** Attempts in a row after which it counts. */
  readonly successThreshold: number;
  readonly failureThreshold: number;
  /** For the end of a container that fails it, in place of the pod's. */
  readonly graceMs?: number;
}

/** A container's probe by HTTP or TCP; undefined for none, and for other kinds, which are not done here. */
export function probeOf(container: V1Container, name: ProbeName): ProbeSpec | undefined {
  const probe = container[`${name}Probe`];
  const action = probe && actionOf(container, probe);
  if (probe === undefined || action === undefined) return undefined;
  const { terminationGracePeriodSeconds: grace } = probe;
  return {
    name,
    action,
    initialDelayMs: 1000 * (probe.initialDelaySeconds ?? 0),
    periodMs: 1000 * (probe.periodSeconds ?? 10),
    timeoutMs: 1000 * (probe.timeoutSeconds ?? 1),
    successThreshold: probe.successThreshold ?? 1,
    failureThreshold: probe.failureThreshold ?? 3,
    ...(grace === undefined ? {} : { graceMs: 1000 * grace }),
  };
}

function actionOf(container: V1Container, { httpGet, tcpSocket }: V1Probe): ProbeAction | undefined {
  if (httpGet !== undefined) {
    return {
      kind: 'http',
      scheme: httpGet.scheme?.toLowerCase() === 'https' ? 'https' : 'http',
      ...(httpGet.host ? { host: httpGet.host } : {}),
      port: portOf(container, httpGet.port),
      path: `/${(httpGet.path ?? '').replace(/^\//, '')}`,
      headers: (httpGet.httpHeaders ?? []).map(({ name, value }) => [name, value] as const),
    };
  }
  if (tcpSocket === undefined) return undefined;
  const { host, port } = tcpSocket;
  return { kind: 'tcp', ...(host ? { host } : {}), port: portOf(container, port) };
}

/** 0, to which nothing connects, for a name that the container does not have. */
function portOf({ ports = [] }: V1Container, port: number | string): number {
  const number = Number(port);
  if (Number.isInteger(number)) return number;
  return ports.find(({ name }) => name === port)?.containerPort ?? 0;
}
