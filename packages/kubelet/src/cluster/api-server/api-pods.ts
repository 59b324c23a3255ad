import type { Clock } from '../../node/clock.ts';
import type { Logger } from '../../node/logger.ts';
import { type Pod, parsePod } from '../../pods/pod.ts';
import type { PodIdentity } from '../../provider.ts';
import { ClusterError, type PodFeed, type StatusWriter } from '../cluster.ts';
import { type Listed, reflect } from './reflector.ts';
import { apiPath, strategicMergePatch, type Transport } from './transport.ts';

export interface ApiPodsOptions {
  readonly transport: Transport;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
}

/** The node authorizer lets a node list pods with this selector only. */
function ofNode(nodeName: string): string {
  return `spec.nodeName=${nodeName}`;
}

export function apiPodFeed({ transport, nodeName, clock, logger, random }: ApiPodsOptions): PodFeed {
  return {
    async *watch({ signal }) {
      const deltas = reflect<Pod & Listed>({
        transport,
        path: '/api/v1/pods',
        fieldSelector: ofNode(nodeName),
        parse: parseListedPod,
        signal,
        clock,
        logger,
        random,
        shared: false,
      });
      for await (const delta of deltas) {
        yield delta.type === 'synced' ? delta : { type: delta.type, pod: delta.object };
      }
    },
  };
}

export function apiStatusWriter({ transport, nodeName }: ApiPodsOptions): StatusWriter {
  const isGone = async ({ namespace, name, uid }: PodIdentity, signal?: AbortSignal): Promise<boolean> => {
    const request = {
      method: 'GET',
      path: apiPath('api/v1/namespaces', namespace, 'pods'),
      query: { fieldSelector: `metadata.name=${name},${ofNode(nodeName)}` },
    } as const;
    const list = (await transport.call(request, signal === undefined ? {} : { signal })) as {
      readonly items?: readonly unknown[];
    };
    return !(list.items ?? []).some((item) => parsePod(item)?.metadata.uid === uid);
  };

  return {
    async patchPod(pod, status, options = {}) {
      const request = {
        method: 'PATCH',
        path: apiPath('api/v1/namespaces', pod.namespace, 'pods', pod.name, 'status'),
        contentType: strategicMergePatch,
        body: { metadata: { uid: pod.uid }, status },
      } as const;
      try {
        return requirePod(await transport.call(request, options));
      } catch (error) {
        // Either the uid is not this pod's any more, or somebody else wrote at the same time.
        if (!(error instanceof ClusterError) || error.code !== 'Conflict') throw error;
        if (await isGone(pod, options.signal)) {
          throw new ClusterError('NotFound', error.message, { status: 409, cause: error });
        }
        return requirePod(await transport.call(request, options));
      }
    },
    async deletePod(pod, options = {}) {
      const request = {
        method: 'DELETE',
        path: apiPath('api/v1/namespaces', pod.namespace, 'pods', pod.name),
        body: { gracePeriodSeconds: 0, preconditions: { uid: pod.uid } },
      } as const;
      try {
        await transport.call(request, options);
      } catch (error) {
        if (error instanceof ClusterError && (error.code === 'NotFound' || error.code === 'Conflict')) return;
        throw error;
      }
    },
  };
}

/** Objects in lists come without their kind, which events and the kubelet's API need. */
function parseListedPod(json: unknown): (Pod & Listed) | undefined {
  const pod = parsePod(json);
  return pod === undefined ? undefined : { ...pod, apiVersion: 'v1', kind: 'Pod' };
}

function requirePod(json: unknown): Pod {
  const pod = parsePod(json);
  if (pod === undefined) throw new ClusterError('Unavailable', 'the API server answered without a pod');
  return pod;
}
