import type { V1NodeCondition } from '@kubernetes/client-node';
import type { Health } from '../provider.ts';
import type { MachineFacts, MachineUsage } from './machine.ts';
import { reservedMemoryBytes, reservedStorageBytes } from './node-object.ts';

/** A condition as it is on the wire: times are strings. */
export type NodeCondition = Omit<V1NodeCondition, 'lastHeartbeatTime' | 'lastTransitionTime'> & {
  readonly lastHeartbeatTime: string;
  readonly lastTransitionTime: string;
};

export interface ConditionInput {
  readonly facts: Pick<MachineFacts, 'storageBytes'>;
  readonly usage: MachineUsage;
  readonly health: Health;
  readonly now: Date;
  /** The node's conditions so far; a transition time is kept while the status is. */
  readonly before: readonly V1NodeCondition[];
}

/** Fewer free task numbers than this part of all is pressure. */
const pidReserve = 0.05;

/** The four conditions that a kubelet owns, Ready last, in upstream's words. */
export function nodeConditions({
  facts,
  usage,
  health,
  now,
  before,
}: ConditionInput): readonly NodeCondition[] {
  const { freeMemoryBytes, freeStorageBytes, freePids } = usage;
  const judged = [
    freeMemoryBytes < reservedMemoryBytes
      ? condition(
          'MemoryPressure',
          true,
          'KubeletHasInsufficientMemory',
          'kubelet has insufficient memory available',
        )
      : condition(
          'MemoryPressure',
          false,
          'KubeletHasSufficientMemory',
          'kubelet has sufficient memory available',
        ),
    freeStorageBytes < reservedStorageBytes(facts.storageBytes)
      ? condition('DiskPressure', true, 'KubeletHasDiskPressure', 'kubelet has disk pressure')
      : condition('DiskPressure', false, 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
    freePids !== undefined && freePids.free < freePids.limit * pidReserve
      ? condition('PIDPressure', true, 'KubeletHasInsufficientPID', 'kubelet has insufficient PID available')
      : condition('PIDPressure', false, 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
    health.healthy
      ? condition('Ready', true, 'KubeletReady', 'kubelet is posting ready status')
      : condition('Ready', false, 'KubeletNotReady', health.message),
  ];
  const time = now.toISOString().replace(/\.\d+Z$/, 'Z');
  return judged.map((judgement) => {
    const earlier = before.find(({ type }) => type === judgement.type);
    const since = earlier?.status === judgement.status ? earlier.lastTransitionTime : undefined;
    return {
      ...judgement,
      lastHeartbeatTime: time,
      lastTransitionTime: since === undefined ? time : String(since),
    };
  });
}

/** Events for the conditions that changed, or that nobody has stated yet. */
export function transitionReasons(
  before: readonly V1NodeCondition[],
  after: readonly NodeCondition[],
): readonly string[] {
  return after
    .filter(({ type, status }) => before.find((earlier) => earlier.type === type)?.status !== status)
    .map(({ type, status }) => eventReasons[`${type} ${status}`])
    .filter((reason) => reason !== undefined);
}

const eventReasons: Readonly<Record<string, string | undefined>> = {
  'MemoryPressure True': 'NodeHasInsufficientMemory',
  'MemoryPressure False': 'NodeHasSufficientMemory',
  'DiskPressure True': 'NodeHasDiskPressure',
  'DiskPressure False': 'NodeHasNoDiskPressure',
  'PIDPressure True': 'NodeHasInsufficientPID',
  'PIDPressure False': 'NodeHasSufficientPID',
  'Ready True': 'NodeReady',
  'Ready False': 'NodeNotReady',
};

interface Judgement {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

function condition(type: string, holds: boolean, reason: string, message: string): Judgement {
  return { type, status: holds ? 'True' : 'False', reason, message };
}
