import type { V1Taint } from '@kubernetes/client-node';

/** The node as admission sees it. */
export interface AdmissionNode {
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly V1Taint[];
  readonly maxPods: number;
}
