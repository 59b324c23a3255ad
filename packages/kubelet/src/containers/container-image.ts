import type { V1Container } from '@kubernetes/client-node';
import type { Clock } from '../node/clock.ts';
import type { PodEvents } from '../pods/pod-events.ts';
import {
  ProviderError,
  type ProviderErrorCode,
  type PulledImage,
  type PullPolicy,
  type RegistryCredential,
} from '../provider.ts';
import type { ContainerKind } from './container-state.ts';
import type { ImageBackoff, PullFailure } from './image-backoff.ts';
import type { ImagePuller } from './image-puller.ts';

export interface ContainerImageOptions {
  readonly container: V1Container;
  readonly kind: ContainerKind;
  readonly puller: ImagePuller;
  /** Of the pod. */
  readonly backoff: ImageBackoff;
  readonly credentials: (signal: AbortSignal) => Promise<readonly RegistryCredential[]>;
  readonly events: PodEvents;
  readonly clock: Clock;
  /** The container's waiting reason and message have changed. */
  readonly onWaiting: (reason: string, message: string) => void;
  readonly signal: AbortSignal;
}

/** How long `ErrImagePull` is shown before `ImagePullBackOff` takes its place. */
const failureShownMs = 5_000;

/** Makes the container's image present, however often it takes. Rejects only when `signal` aborts. */
export async function obtainImage(options: ContainerImageOptions): Promise<PulledImage> {
  const { container, kind, backoff, events, clock, signal, onWaiting } = options;
  const image = container.image ?? '';
  const regarding = { name: container.name, kind };

  for (;;) {
    const previous = backoff.failure(image);
    const waitMs = backoff.remainingMs(image, clock.now());
    if (previous !== undefined && waitMs > 0) {
      if (isBackedOff(previous)) {
        events.container(regarding, 'Normal', 'BackOff', `Back-off pulling image "${image}"`);
        events.container(regarding, 'Warning', 'Failed', 'Error: ImagePullBackOff');
        onWaiting(
          'ImagePullBackOff',
          `Back-off pulling image "${image}": ${previous.reason}: ${previous.message}`,
        );
      }
      await clock.sleep(waitMs, { signal });
    }
    try {
      const pulled = await pull(options, image);
      backoff.pulled(image);
      return pulled;
    } catch (error) {
      signal.throwIfAborted();
      const failure = pullFailure(error);
      backoff.failed(image, failure, clock.now());
      reportFailure(options, image, failure);
      onWaiting(failure.reason, failure.message);
      await clock.sleep(Math.min(failureShownMs, backoff.remainingMs(image, clock.now())), { signal });
    }
  }
}

/** Absent, as in manifests that no API server has defaulted: by the tag, as the API server does. */
export function pullPolicy(container: V1Container): PullPolicy {
  const { imagePullPolicy: policy, image = '' } = container;
  if (policy === 'Always' || policy === 'IfNotPresent' || policy === 'Never') return policy;
  if (image.includes('@')) return 'IfNotPresent';
  const tag = /:([^/:]+)$/.exec(image)?.[1];
  return tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent';
}

async function pull(options: ContainerImageOptions, image: string): Promise<PulledImage> {
  const { container, kind, puller, events, clock, signal } = options;
  const regarding = { name: container.name, kind };
  const policy = pullPolicy(container);
  const credentials = await options.credentials(signal);

  const sayPulling = once(() => events.container(regarding, 'Normal', 'Pulling', `Pulling image "${image}"`));
  // Whether something has to be fetched is known by asking; what takes its time is fetching.
  const noticed = new AbortController();
  if (policy === 'Always') sayPulling();
  else if (policy === 'IfNotPresent') void whenSlow(clock, noticed.signal, sayPulling);

  const since = clock.now().getTime();
  try {
    const pulled = await puller.pull({ reference: image, policy, credentials }, { signal });
    const waitedMs = Math.max(pulled.durationMs, clock.now().getTime() - since);
    if (pulled.pulled || policy === 'Always') sayPulling();
    events.container(regarding, 'Normal', 'Pulled', pulledMessage(image, policy, pulled, waitedMs));
    return pulled;
  } catch (error) {
    if (!signal.aborted && policy === 'IfNotPresent') sayPulling();
    throw error;
  } finally {
    noticed.abort();
  }
}

const slowPullMs = 250;

async function whenSlow(clock: Clock, signal: AbortSignal, act: () => void): Promise<void> {
  try {
    await clock.sleep(slowPullMs, { signal });
    act();
  } catch {
    // The pull was quicker.
  }
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    act();
  };
}

function pulledMessage(image: string, policy: PullPolicy, pulled: PulledImage, waitedMs: number): string {
  if (!pulled.pulled && policy !== 'Always') {
    return `Container image "${image}" already present on machine and can be accessed by the pod`;
  }
  const duration = goDuration(pulled.durationMs);
  return `Successfully pulled image "${image}" in ${duration} (${goDuration(waitedMs)} including waiting). Image size: ${pulled.sizeBytes} bytes.`;
}

/** Milliseconds as Go's `time.Duration` prints them: `87ms`, `1.204s`, `2m3.5s`. */
function goDuration(ms: number): string {
  const whole = Math.round(ms);
  if (whole < 1000) return `${whole}ms`;
  const minutes = Math.floor(whole / 60_000);
  const seconds = (whole % 60_000) / 1000;
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds}s`;
}

function pullFailure(error: unknown): PullFailure {
  const message = error instanceof Error ? error.message : String(error);
  const reason = error instanceof ProviderError ? reasons[error.code] : undefined;
  return { reason: reason ?? 'ErrImagePull', message };
}

const reasons: Readonly<Partial<Record<ProviderErrorCode, string>>> = {
  INVALID_IMAGE_NAME: 'InvalidImageName',
  IMAGE_NEVER_PULL: 'ErrImageNeverPull',
  REGISTRY_UNAVAILABLE: 'RegistryUnavailable',
  SIGNATURE_VALIDATION: 'SignatureValidationFailed',
};

/** What no registry was asked for keeps its reason while it waits. */
function isBackedOff({ reason }: PullFailure): boolean {
  return reason !== 'InvalidImageName' && reason !== 'ErrImageNeverPull';
}

function reportFailure(
  { container, kind, events }: ContainerImageOptions,
  image: string,
  failure: PullFailure,
) {
  const regarding = { name: container.name, kind };
  switch (failure.reason) {
    case 'InvalidImageName':
      events.container(regarding, 'Warning', 'InspectFailed', failure.message);
      break;
    case 'ErrImageNeverPull':
      events.container(regarding, 'Warning', 'ErrImageNeverPull', failure.message);
      break;
    default:
      events.container(regarding, 'Warning', 'Failed', `Failed to pull image "${image}": ${failure.message}`);
  }
  events.container(regarding, 'Warning', 'Failed', `Error: ${failure.reason}`);
}
