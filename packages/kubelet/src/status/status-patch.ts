import type { PodStatusPatch } from '../cluster/cluster.ts';
import type { Pod } from '../pods/pod.ts';
import type { PodStatus } from './pod-status.ts';

type KnownStatus = Pod['status'];

/**
 * The strategic-merge patch that makes `status` true whatever was stored before: fields that a condition or
 * the pod no longer has are cleared with null, lists of addresses are replaced when they differ, and the
 * conditions of others stay.
 */
export function statusPatch(status: PodStatus, known: KnownStatus): PodStatusPatch {
  const { conditions, podIPs, hostIPs, ...plain } = status;
  return {
    ...plain,
    reason: status.reason ?? null,
    message: status.message ?? null,
    conditions: (conditions ?? []).map((condition) => ({
      ...condition,
      reason: condition.reason ?? null,
      message: condition.message ?? null,
    })),
    ...(podIPs === undefined ? {} : { podIPs: addressList(podIPs, known?.podIPs) }),
    ...(hostIPs === undefined ? {} : { hostIPs: addressList(hostIPs, known?.hostIPs) }),
  };
}

/** Whether the API shows something else than `status` in a field of the kubelet's own. */
export function statusDiffers(status: PodStatus, known: KnownStatus): boolean {
  if (known === undefined || known.phase !== status.phase) return true;
  if ((known.reason ?? '') !== (status.reason ?? '') || known.podIP !== status.podIP) return true;
  return (status.conditions ?? []).some((own) => {
    const theirs = known.conditions?.find(({ type }) => type === own.type);
    return theirs?.status !== own.status || (theirs.reason ?? '') !== (own.reason ?? '');
  });
}

/** The merge key of both lists is `ip`: without `$patch: replace` an old address would stay. */
function addressList(
  wanted: readonly { readonly ip?: string }[],
  known: readonly { readonly ip?: string }[] | undefined,
): readonly object[] {
  const same =
    known !== undefined &&
    known.length <= wanted.length &&
    known.every(({ ip }, index) => ip === wanted[index]?.ip);
  return known === undefined || same ? wanted : [...wanted, { $patch: 'replace' }];
}
