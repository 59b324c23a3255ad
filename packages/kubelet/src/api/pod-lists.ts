import type { PodSnapshot } from '../pods/pod-snapshot.ts';

/** `/pods`: the pods that are bound to this node, with the status that the kubelet would write now. */
export function podList(snapshots: readonly PodSnapshot[]): object {
  return list(snapshots.map(({ pod }) => pod));
}

/** `/runningpods/`: what the runtime has, with as much as a runtime knows. */
export function runningPodList(snapshots: readonly PodSnapshot[]): object {
  return list(
    snapshots.flatMap(({ pod, containers }) => {
      const running = containers.filter(({ state }) => state === 'running').map(({ name }) => name);
      if (running.length === 0) return [];
      const { name, namespace, uid } = pod.metadata;
      const specs = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
      return {
        metadata: { name, namespace, uid },
        spec: {
          containers: specs
            .filter((spec) => running.includes(spec.name))
            .map((spec) => ({ name: spec.name, image: spec.image, resources: {} })),
        },
        status: {},
      };
    }),
  );
}

function list(items: readonly object[]): object {
  return { kind: 'PodList', apiVersion: 'v1', metadata: {}, items };
}
