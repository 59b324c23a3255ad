import type { V1ContainerState, V1ContainerStatus } from '@kubernetes/client-node';
import { type ContainerView, isReady, type Terminated } from '../containers/container-state.ts';
import { type Wire, wireTime } from './wire.ts';

/** One entry of `status.containerStatuses` or `status.initContainerStatuses`. */
export function containerStatus(view: ContainerView, runtimeName: string): Wire<V1ContainerStatus> {
  const qualified = (id: string | undefined): string => (id === undefined ? '' : `${runtimeName}://${id}`);
  return {
    name: view.name,
    image: view.image,
    imageID: view.imageId ?? '',
    containerID: qualified(view.containerId),
    state: containerState(view.state, qualified),
    lastState: view.last === undefined ? {} : containerState(view.last, qualified),
    restartCount: view.attempt ?? 0,
    ready: isReady(view),
    started: view.state.phase === 'running',
  };
}

function containerState(
  state: ContainerView['state'],
  qualified: (id: string | undefined) => string,
): Wire<V1ContainerState> {
  switch (state.phase) {
    case 'waiting':
      return {
        waiting: {
          reason: state.reason,
          ...(state.message === undefined ? {} : { message: truncated(state.message) }),
        },
      };
    case 'running':
      return { running: { startedAt: wireTime(state.startedAt) } };
    case 'terminated':
      return { terminated: terminated(state, qualified) };
    default:
      return state satisfies never;
  }
}

function terminated(
  state: Terminated,
  qualified: (id: string | undefined) => string,
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

/** Upstream's bound on termination messages; a provider's words are held to it as well. */
const maxMessageLength = 4096;

function truncated(message: string): string {
  return message.length <= maxMessageLength ? message : message.slice(0, maxMessageLength);
}
