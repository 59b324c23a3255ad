import type { V1Container, V1Pod, V1PodSpec } from '@kubernetes/client-node';
import { wireTime } from './object-store.ts';

/** A pod as an API server and a scheduler would hand it to the node: defaults filled in, bound, Pending. */
export function defaultedPod(pod: V1Pod, nodeName: string, now: Date): V1Pod {
  const spec: V1PodSpec = { ...pod.spec, containers: pod.spec?.containers ?? [] };
  return {
    ...pod,
    spec: {
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      serviceAccountName: 'default',
      enableServiceLinks: true,
      schedulerName: 'default-scheduler',
      nodeName,
      ...spec,
      containers: spec.containers.map(defaultedContainer),
      ...(spec.initContainers === undefined
        ? {}
        : { initContainers: spec.initContainers.map(defaultedContainer) }),
    },
    status: pod.status ?? {
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'True', lastTransitionTime: wireTime(now) }],
      qosClass: qosClass(spec),
    },
  };
}

function defaultedContainer(container: V1Container): V1Container {
  return {
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: defaultPullPolicy(container.image ?? ''),
    resources: {},
    ...container,
  };
}

/** `Always` for `:latest` and for no tag at all, unless there is a digest. */
function defaultPullPolicy(image: string): 'Always' | 'IfNotPresent' {
  if (image.includes('@')) return 'IfNotPresent';
  const tag = /:([^/:]+)$/.exec(image)?.[1];
  return tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent';
}

const qosResources = ['cpu', 'memory'] as const;

function qosClass(spec: V1PodSpec): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const asksForNothing = containers.every(({ resources }) =>
    qosResources.every((name) => !resources?.limits?.[name] && !resources?.requests?.[name]),
  );
  if (asksForNothing) return 'BestEffort';
  const isGuaranteed = containers.every(({ resources }) =>
    qosResources.every((name) => {
      const limit = resources?.limits?.[name];
      return limit !== undefined && (resources?.requests?.[name] ?? limit) === limit;
    }),
  );
  return isGuaranteed ? 'Guaranteed' : 'Burstable';
}
