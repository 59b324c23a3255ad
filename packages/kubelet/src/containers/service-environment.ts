import type { V1Service } from '@kubernetes/client-node';
import type { EnvEntry } from '../provider.ts';

/**
 * Variables that tell of services, as `docker --link` made them: always of `kubernetes` in `default`, and with
 * `enableServiceLinks` of those in the pod's own namespace. Services without a cluster IP have none.
 */
export function serviceEnvironment(
  services: readonly V1Service[],
  options: { readonly namespace: string; readonly enableServiceLinks: boolean },
): readonly EnvEntry[] {
  const { namespace, enableServiceLinks } = options;
  const chosen = new Map<string, V1Service>();
  for (const service of services) {
    const { name = '', namespace: home } = service.metadata ?? {};
    const { clusterIP } = service.spec ?? {};
    if (!clusterIP || clusterIP === 'None') continue;
    if (home === namespace && enableServiceLinks) chosen.set(name, service);
    else if (home === 'default' && name === 'kubernetes' && !chosen.has(name)) chosen.set(name, service);
  }
  return [...chosen.keys()].toSorted().flatMap((name) => variablesOf(chosen.get(name)!));
}

function variablesOf({ metadata, spec }: V1Service): readonly EnvEntry[] {
  const prefix = variableName(metadata?.name ?? '');
  const ip = spec?.clusterIP ?? '';
  const host = ip.includes(':') ? `[${ip}]` : ip;
  const ports = spec?.ports ?? [];
  const [first] = ports;
  if (first === undefined) return [{ name: `${prefix}_SERVICE_HOST`, value: ip }];

  const entries: [string, string][] = [
    [`${prefix}_SERVICE_HOST`, ip],
    [`${prefix}_SERVICE_PORT`, String(first.port)],
  ];
  for (const { name, port } of ports) {
    if (name) entries.push([`${prefix}_SERVICE_PORT_${variableName(name)}`, String(port)]);
  }
  for (const { port, protocol = 'TCP' } of ports) {
    const scheme = protocol.toLowerCase();
    const link = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`;
    if (port === first.port && protocol === (first.protocol ?? 'TCP')) {
      entries.push([`${prefix}_PORT`, `${scheme}://${host}:${port}`]);
    }
    entries.push(
      [link, `${scheme}://${host}:${port}`],
      [`${link}_PROTO`, scheme],
      [`${link}_PORT`, String(port)],
      [`${link}_ADDR`, ip],
    );
  }
  return entries.map(([name, value]) => ({ name, value }));
}

function variableName(name: string): string {
  return name.replaceAll('-', '_').toUpperCase();
}
