import type { V1ContainerState, V1ContainerStatus } from '@kubernetes/client-node';
import { type ContainerView, isReady, isStarted, type Terminated } from '../containers/container-state.ts';
import { type Wire, wireTime } from './wire.ts';

export interface ContainerStatusOptions {
  /** Scheme of container ids. */
  readonly runtimeName: string;
  /** Containers of the pod, which share the room for messages. */
  readonly containers: number;
}

/** One entry of `status.containerStatuses` or `status.initContainerStatuses`. */
export function containerStatus(
  view: ContainerView,
  options: ContainerStatusOptions,
): Wire<V1ContainerStatus> {
  const qualified = (id: string | undefined): string =>
    id === undefined ? '' : `${options.runtimeName}://${id}`;
  const truncated = truncatedTo(Math.min(maxMessageBytes, Math.floor(maxPodBytes / options.containers)));
  return {
    name: view.name,
    image: view.image,
    imageID: view.imageId ?? '',
    containerID: qualified(view.containerId),
    state: containerState(view.state, { qualified, truncated }),
    lastState: view.last === undefined ? {} : containerState(view.last, { qualified, truncated }),
    restartCount: view.attempt ?? 0,
    ready: isReady(view),
    started: isStarted(view),
  };
}

interface Wording {
  readonly qualified: (id: string | undefined) => string;
  readonly truncated: (message: string) => string;
}

function containerState(state: ContainerView['state'], wording: Wording): Wire<V1ContainerState> {
  switch (state.phase) {
    case 'waiting':
      return {
        waiting: {
          reason: state.reason,
          ...(state.message === undefined ? {} : { message: wording.truncated(state.message) }),
        },
      };
    case 'running':
      return { running: { startedAt: wireTime(state.startedAt) } };
    case 'terminated':
      return { terminated: terminated(state, wording) };
    default:
      return state satisfies never;
  }
}

function terminated(
  state: Terminated,
  { qualified, truncated }: Wording,
): NonNullable<Wire<V1ContainerState>['terminated']> {
  return {
    exitCode: state.exitCode,
    reason: state.reason,
    ...(state.message === undefined ? {} : { message: truncated(state.message) }),
    ...(state.startedAt === undefined ? {} : { startedAt: wireTime(state.startedAt) }),
    ...(state.finishedAt === undefined ? {} : { finishedAt: wireTime(state.finishedAt) }),
    containerID: qualified(state.containerId),
  };
}

/** Upstream's bounds on termination messages, of a container and of a whole pod; a provider's words are held to them as well. */
const maxMessageBytes = 4096;
const maxPodBytes = 12 * 1024;

function truncatedTo(maxBytes: number): (message: string) => string {
  return (message) => {
    const bytes = Buffer.from(message);
    if (bytes.length <= maxBytes) return message;
    return bytes.toString('utf8', 0, maxBytes).replace(/\uFFFD+$/, '');
  };
}
