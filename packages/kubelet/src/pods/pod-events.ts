import type { EventSink, KubeEvent } from '../cluster/cluster.ts';
import type { ContainerKind } from '../containers/container-state.ts';
import type { Pod } from './pod.ts';

/** Tells of one pod what `kubectl describe` shows. */
export interface PodEvents {
  pod(type: KubeEvent['type'], reason: string, message: string): void;
  container(
    container: { readonly name: string; readonly kind: ContainerKind },
    type: KubeEvent['type'],
    reason: string,
    message: string,
  ): void;
}

export function podEvents(sink: EventSink, pod: Pod): PodEvents {
  const { namespace, name, uid } = pod.metadata;
  const regarding = { apiVersion: 'v1', kind: 'Pod', namespace, name, uid };
  return {
    pod(type, reason, message) {
      sink.record({ regarding, type, reason, message });
    },
    container({ name: container, kind }, type, reason, message) {
      const list = kind === 'app' ? 'containers' : 'initContainers';
      const fieldPath = `spec.${list}{${container}}`;
      sink.record({ regarding: { ...regarding, fieldPath }, type, reason, message });
    },
  };
}
