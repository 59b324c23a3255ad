import type { NodeDescription } from '../provider.ts';

export interface NodeLabels {
  readonly labels: Readonly<Record<string, string>>;
  /** Labels that were asked for and are not set, with the reason. */
  readonly dropped: readonly { readonly key: string; readonly reason: string }[];
}

/**
 * The node's labels: its own, and those of the operator that the NodeRestriction admission lets a node set. One
 * label too many and the API server would refuse the whole node.
 *
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction
 */
export function nodeLabels(
  { arch, os }: Pick<NodeDescription, 'arch' | 'os'>,
  hostname: string,
  asked: Readonly<Record<string, string>>,
): NodeLabels {
  const own = {
    'kubernetes.io/arch': arch,
    'kubernetes.io/os': os,
    'beta.kubernetes.io/arch': arch,
    'beta.kubernetes.io/os': os,
    'kubernetes.io/hostname': hostname,
    // Managed clouds keep their DaemonSets off nodes of this type.
    type: 'virtual-kubelet',
  };
  const allowed: Record<string, string> = {};
  const dropped: { key: string; reason: string }[] = [];
  for (const [key, value] of Object.entries(asked)) {
    const reason = objection(key, value, own);
    if (reason === undefined) allowed[key] = value;
    else dropped.push({ key, reason });
  }
  return { labels: { ...allowed, ...own }, dropped };
}

const selfSetPrefixes = ['kubelet.kubernetes.io', 'node.kubernetes.io'];
const selfSetLabels = new Set([
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'node.kubernetes.io/instance-type',
  'beta.kubernetes.io/instance-type',
]);

const namePattern = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const prefixPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

function objection(key: string, value: string, own: object): string | undefined {
  if (Object.hasOwn(own, key)) return 'the node sets it itself';
  const slash = key.indexOf('/');
  const prefix = slash === -1 ? '' : key.slice(0, slash);
  const isKey =
    namePattern.test(key.slice(slash + 1)) &&
    (slash === -1 || (prefix.length <= 253 && prefixPattern.test(prefix)));
  if (!isKey) return 'not a label key';
  if (value !== '' && !namePattern.test(value)) return `"${value}" is not a label value`;
  if (!isUnder(prefix, 'kubernetes.io') && !isUnder(prefix, 'k8s.io')) return undefined;
  if (selfSetLabels.has(key) || selfSetPrefixes.some((allowed) => isUnder(prefix, allowed))) return undefined;
  return 'a node may not set it (NodeRestriction); an administrator can, with kubectl label node';
}

function isUnder(prefix: string, domain: string): boolean {
  return prefix === domain || prefix.endsWith(`.${domain}`);
}
