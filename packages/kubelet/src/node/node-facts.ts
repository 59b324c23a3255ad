/** What pods may learn of the node that they run on, and what their defaults are made from. */
export interface NodeFacts {
  readonly nodeName: string;
  /** The node's InternalIPs, most wanted first; never empty. */
  readonly hostIPs: readonly string[];
  readonly allocatable: NodeAllocatable;
}

/** What the node has for pods: defaults of `resourceFieldRef` where a container has no limit. */
export interface NodeAllocatable {
  readonly cpuCores: number;
  readonly memoryBytes: number;
  readonly ephemeralStorageBytes: number;
}
