import type { V1Container } from '@kubernetes/client-node';
import { obtainImage } from '../containers/container-image.ts';
import { containerRecords } from '../containers/container-records.ts';
import { restoreContainer } from '../containers/container-restore.ts';
import { type ContainerRunner, createContainerRunner } from '../containers/container-runner.ts';
import { resolveContainerSpec } from '../containers/container-spec.ts';
import type { ContainerKind, ContainerView } from '../containers/container-state.ts';
import { createImageBackoff } from '../containers/image-backoff.ts';
import type { ImagePuller } from '../containers/image-puller.ts';
import { pullCredentials } from '../containers/pull-credentials.ts';
import { runLogs } from '../containers/run-logs.ts';
import type { ObjectReader } from '../cluster/cluster.ts';
import type { Clock } from '../node/clock.ts';
import type { Logger } from '../node/logger.ts';
import type { NodeFacts } from '../node/node-facts.ts';
import { probeRun } from '../probes/probe-run.ts';
import type { PodSandbox, RegistryCredential } from '../provider.ts';
import type { MountedVolumes } from '../volumes/pod-volumes.ts';
import type { PodEvents } from './pod-events.ts';
import type { Pod } from './pod.ts';

/** A container of the pod's spec with what it is there. */
export interface SpecifiedContainer {
  readonly container: V1Container;
  readonly kind: ContainerKind;
}

/** All containers of a pod: init containers first, each list in the order of the spec. */
export function specifiedContainers({ spec }: Pod): readonly SpecifiedContainer[] {
  return [
    ...(spec.initContainers ?? []).map((container) => ({
      container,
      kind: container.restartPolicy === 'Always' ? ('sidecar' as const) : ('init' as const),
    })),
    ...spec.containers.map((container) => ({ container, kind: 'app' as const })),
  ];
}

/** The containers as an earlier daemon left them. */
export function restoreContainers(pod: Pod, dataDirectory: string): Promise<readonly ContainerView[]> {
  return Promise.all(
    specifiedContainers(pod).map(async ({ container, kind }) => {
      const records = containerRecords(dataDirectory, pod.metadata.uid, container.name);
      return restoreContainer(pod, container, kind, await records.load());
    }),
  );
}

export interface PodRunnersOptions {
  readonly pod: () => Pod;
  readonly restored: readonly ContainerView[];
  readonly sandbox: PodSandbox;
  readonly volumes: MountedVolumes;
  readonly objects: ObjectReader;
  readonly puller: ImagePuller;
  readonly node: () => NodeFacts;
  readonly dataDirectory: string;
  readonly events: PodEvents;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onChange: (view: ContainerView) => void;
}

/** A runner for each container of the pod, joined to the pod's volumes, sandbox and images. */
export function createPodRunners(options: PodRunnersOptions): readonly ContainerRunner[] {
  const { pod, sandbox, volumes, objects, puller, node, dataDirectory, events, clock } = options;
  const { uid } = pod().metadata;
  const backoff = createImageBackoff();

  const credentials = async (
    reference: string,
    signal: AbortSignal,
  ): Promise<readonly RegistryCredential[]> => {
    const found = await pullCredentials({ pod: pod(), objects, reference, signal });
    if (found.warning !== undefined) {
      events.pod('Warning', 'FailedToRetrieveImagePullSecret', found.warning);
    }
    return found.credentials;
  };

  return specifiedContainers(pod()).map(({ container, kind }, index) => {
    const restored = options.restored[index];
    if (restored?.name !== container.name) throw new Error(`container "${container.name}" was not restored`);
    return createContainerRunner({
      pod,
      container,
      restored,
      records: containerRecords(dataDirectory, uid, container.name),
      logs: runLogs(dataDirectory, uid, container.name),
      events,
      clock,
      logger: options.logger,
      onChange: options.onChange,
      obtainImage: (request) =>
        obtainImage({
          ...request,
          kind,
          puller,
          backoff,
          events,
          clock,
          credentials: (signal) => credentials(request.container.image ?? '', signal),
        }),
      resolveSpec: (request) =>
        resolveContainerSpec({ ...request, pod: pod(), volumes, objects, node: node(), podIPs: sandbox.ips }),
      startContainer: (spec, signal) => sandbox.startContainer(spec, { signal }),
      probe: (run) =>
        probeRun({
          ...run,
          clock,
          host: sandbox.ips[0] ?? node().hostIPs[0] ?? '127.0.0.1',
          tell: (...event) => events.container({ name: container.name, kind }, ...event),
        }),
    });
  });
}
