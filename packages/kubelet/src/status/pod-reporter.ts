import type { Pod } from '../pods/pod.ts';
import type { PodProgress } from './pod-progress.ts';
import { type PodStatus, projectPodStatus } from './pod-status.ts';
import { statusDiffers } from './status-patch.ts';
import { createPodStatusWriter, type PodStatusWriterOptions } from './status-writer.ts';

/** Tells the API where one pod stands. */
export interface PodReporter {
  /** The status that says where the pod stands; nothing is written. */
  project(progress: PodProgress): PodStatus;
  report(progress: PodProgress): void;
  /**
   * Reports again when the API shows something else than was reported last: others write pod status too, as
   * the node controller does when it marks the pods of an absent node not ready.
   */
  reassert(progress: PodProgress): void;
  /** Resolves when all that was reported is stored or was given up. */
  flushed(): Promise<void>;
}

export interface PodReporterOptions extends Omit<PodStatusWriterOptions, 'known'> {
  readonly known: () => Pod;
  /** Scheme of container ids. */
  readonly runtimeName: string;
}

export function createPodReporter(options: PodReporterOptions): PodReporter {
  const { clock, runtimeName } = options;
  const known = (): Pod['status'] => options.known().status;
  const writer = createPodStatusWriter({ ...options, known });
  let previous: PodStatus | undefined;

  const project = (progress: PodProgress): PodStatus =>
    projectPodStatus(progress, { runtimeName, now: clock.now(), previous });

  return {
    project,
    report(progress) {
      previous = project(progress);
      writer.write(previous);
    },
    reassert(progress) {
      if (previous === undefined || !writer.isIdle || !statusDiffers(previous, known())) return;
      previous = project(progress);
      writer.write(previous, { force: true });
    },
    flushed: () => writer.flushed(),
  };
}
