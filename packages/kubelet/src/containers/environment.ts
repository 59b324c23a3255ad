import type { V1Container, V1EnvVar, V1Service } from '@kubernetes/client-node';
import type { ObjectReader } from '../cluster/cluster.ts';
import type { NodeFacts } from '../node/node-facts.ts';
import type { Pod } from '../pods/pod.ts';
import type { AbortOptions, EnvEntry } from '../provider.ts';
import { ConfigError } from './config-error.ts';
import type { EnvSources } from './env-sources.ts';
import { createEnvSources } from './env-sources.ts';
import { expandWith } from './expansion.ts';
import { envFieldValue } from './field-ref.ts';
import { requireContainer, resourceFieldValue } from './resource-field.ts';
import { serviceEnvironment } from './service-environment.ts';

export interface EnvironmentOptions extends AbortOptions {
  readonly pod: Pod;
  readonly container: V1Container;
  readonly objects: Pick<ObjectReader, 'configMap' | 'secret'>;
  readonly node: NodeFacts;
  /** Services of all namespaces. */
  readonly services: readonly V1Service[];
  /** The pod's addresses; the node's are shown while it has none of its own. */
  readonly podIPs: readonly string[];
}

/**
 * Resolves all that a container's environment comes from: `envFrom` in its order, then `env` in its order (a
 * name set twice has the later value), then service variables that the pod has not set itself. A literal
 * value may use `$(NAME)` of what stands before it and of services. Rejects with {@link ConfigError}, its
 * message upstream's, or with `ClusterError` when the cluster cannot be asked.
 */
export async function resolveEnvironment(options: EnvironmentOptions): Promise<readonly EnvEntry[]> {
  const { pod, container, services } = options;
  const { namespace } = pod.metadata;
  const sources = createEnvSources(options.objects, namespace, options);
  const enableServiceLinks = pod.spec.enableServiceLinks ?? true;
  const links = new Map(
    serviceEnvironment(services, { namespace, enableServiceLinks }).map(({ name, value }) => [name, value]),
  );
  const env = new Map<string, string>();

  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    const values = {
      ...(configMapRef === undefined ? {} : await sources.all('configMap', configMapRef)),
      ...(secretRef === undefined ? {} : await sources.all('secret', secretRef)),
    };
    for (const [key, value] of Object.entries(values)) env.set(prefix + key, value);
  }
  for (const variable of container.env ?? []) {
    const value = variable.value
      ? expandWith(variable.value, (name) => env.get(name) ?? links.get(name))
      : await valueFrom(variable, sources, options);
    if (value !== undefined) env.set(variable.name, value);
  }
  for (const [name, value] of links) {
    if (!env.has(name)) env.set(name, value);
  }
  return bounded([...env].map(([name, value]) => ({ name, value })));
}

/** `undefined`: an optional source is not there, so the variable is not set. */
async function valueFrom(
  { name, valueFrom: from }: V1EnvVar,
  sources: EnvSources,
  options: EnvironmentOptions,
): Promise<string | undefined> {
  const { pod, container, node, podIPs } = options;
  if (from === undefined) return '';
  if (from.configMapKeyRef) return sources.key('configMap', from.configMapKeyRef);
  if (from.secretKeyRef) return sources.key('secret', from.secretKeyRef);
  if (from.fieldRef) return envFieldValue(from.fieldRef.fieldPath, { pod, node, podIPs });
  if (from.resourceFieldRef) {
    const { containerName } = from.resourceFieldRef;
    const owner = containerName ? requireContainer(pod, containerName) : container;
    const { allocatable } = node;
    return resourceFieldValue(from.resourceFieldRef, { pod, container: owner, allocatable });
  }
  const kind = Object.keys(from)[0] ?? 'nothing';
  throw new ConfigError(`environment variable ${name} comes from ${kind}, which this node does not support`);
}

/** What a Linux process may get: MAX_ARG_STRLEN and, in total, a quarter of an 8 MiB stack. */
const maxEntryBytes = 128 * 1024;
const maxTotalBytes = 2 * 1024 * 1024;

function bounded(entries: readonly EnvEntry[]): readonly EnvEntry[] {
  let total = 0;
  for (const { name, value } of entries) {
    const bytes = Buffer.byteLength(name) + Buffer.byteLength(value) + 2;
    total += bytes;
    if (bytes > maxEntryBytes) {
      throw new ConfigError(
        `environment variable ${name.slice(0, 100)} is larger than ${maxEntryBytes} bytes`,
      );
    }
    if (name === '' || /[=\0]/.test(name) || value.includes('\0')) {
      throw new ConfigError(
        `environment variable ${JSON.stringify(name)} cannot be passed on: no name, or "=" or NUL in it`,
      );
    }
  }
  if (total > maxTotalBytes) throw new ConfigError(`the environment is larger than ${maxTotalBytes} bytes`);
  return entries;
}
