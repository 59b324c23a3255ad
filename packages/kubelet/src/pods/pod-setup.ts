import { mkdir } from 'node:fs/promises';
import { podDirectory, volumesDirectory } from '../logs/log-paths.ts';
import type { Clock } from '../node/clock.ts';
import type { PodSandbox, PodSandboxSpec, Provider } from '../provider.ts';
import type { MountedVolumes, PodVolumes } from '../volumes/pod-volumes.ts';
import type { PodEvents } from './pod-events.ts';
import { type Pod, podIdentity } from './pod.ts';

export interface PodSetupOptions {
  readonly pod: () => Pod;
  readonly dataDirectory: string;
  readonly volumes: PodVolumes;
  readonly provider: Pick<Provider, 'openPod'>;
  readonly events: PodEvents;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** First and longest pause between attempts; upstream's for mounts are 0.5 s and 2 min 2 s. */
const firstRetryMs = 500;
const maxRetryMs = 122_000;

/** Sets up the pod's volumes, however often it takes. Rejects only when `signal` aborts. */
export function mountVolumes({ volumes, ...setup }: PodSetupOptions): Promise<MountedVolumes> {
  return insist(setup, 'FailedMount', (signal) => volumes.mount(setup.pod(), { signal }));
}

/** Opens the pod's sandbox, however often it takes. Rejects only when `signal` aborts. */
export function openSandbox({ provider, ...setup }: PodSetupOptions): Promise<PodSandbox> {
  return insist(setup, 'FailedCreatePodSandBox', async (signal) => {
    const spec = sandboxSpec(setup.pod(), setup.dataDirectory);
    await mkdir(podDirectory(setup.dataDirectory, spec.uid), { recursive: true, mode: 0o711 });
    await mkdir(spec.directory, { recursive: true, mode: 0o700 });
    return provider.openPod(spec, { signal });
  });
}

/** Kills what still runs in the pod and frees what it has. Rejects only when `signal` aborts. */
export function closeSandbox(
  sandbox: PodSandbox,
  setup: Pick<PodSetupOptions, 'events' | 'clock' | 'signal'>,
): Promise<void> {
  return insist(setup, 'FailedKillPod', () => Promise.resolve(sandbox[Symbol.asyncDispose]()));
}

const failures = {
  FailedMount: '',
  FailedCreatePodSandBox: 'Failed to create pod sandbox: ',
  FailedKillPod: 'error killing pod: ',
};

async function insist<T>(
  { events, clock, signal }: Pick<PodSetupOptions, 'events' | 'clock' | 'signal'>,
  reason: keyof typeof failures,
  attempt: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  for (let retryMs = firstRetryMs; ; retryMs = Math.min(retryMs * 2, maxRetryMs)) {
    signal.throwIfAborted();
    try {
      return await attempt(signal);
    } catch (error) {
      signal.throwIfAborted();
      const message = error instanceof Error ? error.message : String(error);
      events.pod('Warning', reason, `${failures[reason]}${message}`);
      await clock.sleep(retryMs, { signal });
    }
  }
}

const maxHostnameLength = 63;

function sandboxSpec(pod: Pod, dataDirectory: string): PodSandboxSpec {
  const { metadata, spec } = pod;
  return {
    ...podIdentity(pod),
    annotations: metadata.annotations ?? {},
    labels: metadata.labels ?? {},
    hostname: (spec.hostname ?? metadata.name).slice(0, maxHostnameLength),
    runtimeHandler: spec.runtimeClassName ?? '',
    directory: volumesDirectory(dataDirectory, metadata.uid),
  };
}
