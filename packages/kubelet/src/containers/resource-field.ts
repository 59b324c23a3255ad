import type { V1Container, V1ResourceFieldSelector } from '@kubernetes/client-node';
import type { NodeAllocatable } from '../node/node-facts.ts';
import type { Pod } from '../pods/pod.ts';
import { ConfigError } from './config-error.ts';
import { ceilDivide, parseNanos } from './quantity.ts';

/**
 * Value of a `resourceFieldRef`: the container's limit or request in units of the divisor, rounded up. A
 * limit that nobody has set is the pod's, then what the node has for pods. Throws {@link ConfigError}.
 */
export function resourceFieldValue(
  selector: V1ResourceFieldSelector,
  sources: { readonly pod: Pod; readonly container: V1Container; readonly allocatable: NodeAllocatable },
): string {
  const [list, name = ''] = split(selector.resource);
  if ((list !== 'limits' && list !== 'requests') || !isResource(name)) {
    throw new ConfigError(`unsupported container resource : ${selector.resource}`);
  }
  const { pod, container, allocatable } = sources;
  const limit = container.resources?.limits?.[name] ?? pod.spec.resources?.limits?.[name];
  const amount =
    list === 'limits'
      ? nanosOf(limit ?? allocatableOf(name, allocatable))
      : nanosOf(container.resources?.requests?.[name] ?? limit ?? 0);
  const divisor = nanosOf(selector.divisor ?? 0) || units;
  // CPU is counted in thousandths and everything else in units, each rounded up first, as upstream does.
  const step = name === 'cpu' ? units / 1_000n : units;
  return String(ceilDivide(ceilDivide(amount, step), ceilDivide(divisor, step)));
}

/** The container that a `resourceFieldRef` of a volume names. Throws {@link ConfigError}. */
export function requireContainer(pod: Pod, name: string | undefined): V1Container {
  const container = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find(
    (candidate) => candidate.name === name,
  );
  if (container === undefined) throw new ConfigError(`container ${name ?? ''} not found`);
  return container;
}

const units = 1_000_000_000n;

function split(resource: string): readonly string[] {
  const dot = resource.indexOf('.');
  return dot === -1 ? [resource] : [resource.slice(0, dot), resource.slice(dot + 1)];
}

function isResource(name: string): boolean {
  return ['cpu', 'memory', 'ephemeral-storage'].includes(name) || name.startsWith('hugepages-');
}

function allocatableOf(name: string, allocatable: NodeAllocatable): string | number {
  if (name === 'cpu') return allocatable.cpuCores;
  if (name === 'memory') return allocatable.memoryBytes;
  if (name === 'ephemeral-storage') return allocatable.ephemeralStorageBytes;
  return 0;
}

function nanosOf(quantity: string | number): bigint {
  const nanos = parseNanos(quantity);
  if (nanos === undefined || nanos < 0n) {
    throw new ConfigError(`${JSON.stringify(quantity)} is not a quantity of a resource`);
  }
  return nanos;
}
