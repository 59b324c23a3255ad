import { rm } from 'node:fs/promises';
import type { Cluster } from '../cluster/cluster.ts';
import type { ContainerRunner } from '../containers/container-runner.ts';
import { type ContainerView, newContainer, suspended } from '../containers/container-state.ts';
import type { ImagePuller } from '../containers/image-puller.ts';
import { podDirectory, volumesDirectory } from '../logs/log-paths.ts';
import type { Clock } from '../node/clock.ts';
import type { Logger } from '../node/logger.ts';
import type { NodeFacts } from '../node/node-facts.ts';
import type { PodSandbox, Provider } from '../provider.ts';
import { isTerminal } from '../status/pod-phase.ts';
import type { PodProgress, PodStage, Verdict } from '../status/pod-progress.ts';
import { createPodReporter } from '../status/pod-reporter.ts';
import type { MountedVolumes, PodVolumes } from '../volumes/pod-volumes.ts';
import { aborted } from './aborted.ts';
import { createDeadline } from './active-deadline.ts';
import { createPodContainers, type PodContainers } from './pod-containers.ts';
import { deletePodObject } from './pod-deletion.ts';
import { podEvents } from './pod-events.ts';
import { createPodRunners, restoreContainers, specifiedContainers } from './pod-runners.ts';
import { closeSandbox, mountVolumes, openSandbox } from './pod-setup.ts';
import { containerSnapshot, type PodSnapshot } from './pod-snapshot.ts';
import { isNewer, type Pod, podIdentity } from './pod.ts';

/** One pod (one uid) from its first sight until its object is gone. */
export interface PodWorker {
  readonly pod: Pod;
  /** Whether the pod has been admitted and has not ended. */
  readonly isActive: boolean;
  readonly isGone: boolean;
  /** Lives the pod's life. Resolves when its object is gone and nothing is left of it, or when suspended. */
  run(): Promise<void>;
  /** The object has changed. */
  update(pod: Pod): void;
  /** The object is gone: what still runs is killed. */
  vanish(): void;
  /** The daemon stops: containers end within `graceMs`, the pod stays as it is for the next daemon. */
  suspend(graceMs: number): void;
  snapshot(): PodSnapshot;
}

/** What the workers of a node share. */
export interface PodWorkerContext {
  readonly cluster: Cluster;
  readonly provider: Provider;
  readonly volumes: PodVolumes;
  readonly puller: ImagePuller;
  readonly node: () => NodeFacts;
  readonly dataDirectory: string;
  readonly runtimeName: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The very end: nothing is waited for or written any more. */
  readonly signal: AbortSignal;
}

const defaultGraceSeconds = 30;
/** For pods whose object is gone, and the least that a deletion leaves. */
const shortGraceMs = 1_000;

export function createPodWorker(first: Pod, context: PodWorkerContext, refused?: Verdict): PodWorker {
  const { cluster, dataDirectory, clock, logger } = context;
  const { uid } = first.metadata;
  const events = podEvents(cluster.events, first);
  const startTime = new Date(first.status?.startTime ?? clock.now());
  const wasTerminal = isTerminal(first.status?.phase);

  // One-shot signals: why the containers have to end.
  const ending = new AbortController();
  const deleted = new AbortController();
  const gone = new AbortController();
  const suspension = new AbortController();

  let pod = first;
  let begun = false;
  let stage: PodStage = { kind: 'live' };
  let verdict: Verdict | undefined;
  let stopAt: Date | undefined;
  let views: readonly ContainerView[] = specifiedContainers(first).map(({ container, kind }) =>
    newContainer(first, container, kind),
  );
  let runners: readonly ContainerRunner[] = [];
  let containers: PodContainers | undefined;
  let volumes: MountedVolumes | undefined;
  let sandbox: PodSandbox | undefined;

  const reporter = createPodReporter({
    ...context,
    pod: podIdentity(first),
    known: () => pod,
    api: cluster.status,
    onStored: adopt,
    signal: AbortSignal.any([gone.signal, context.signal]),
  });
  const deadline = createDeadline({ clock, startTime, onExceeded });
  if (wasTerminal) stage = { kind: 'ended' };
  if (refused !== undefined) {
    stage = { kind: 'rejected', verdict: { ...refused, message: `Pod was rejected: ${refused.message}` } };
  }
  noteWishes();

  return {
    get pod() {
      return pod;
    },
    get isActive() {
      return stage.kind === 'live';
    },
    get isGone() {
      return gone.signal.aborted;
    },
    run,
    update(next) {
      adopt(next);
      if (begun && !wasTerminal) reporter.reassert(progress());
    },
    vanish() {
      gone.abort();
      endWithin(shortGraceMs);
    },
    suspend(graceMs) {
      suspension.abort();
      endWithin(Math.min(graceMs, graceOf(pod)));
    },
    snapshot() {
      const status = { ...pod.status, ...(wasTerminal ? {} : reporter.project(progress())) };
      return {
        pod: { ...pod, status: status as Pod['status'] & {} },
        containers: views.map((view, index) => containerSnapshot(view, runners[index])),
      };
    },
  };

  async function run(): Promise<void> {
    try {
      views = await restoreContainers(pod, dataDirectory);
      begun = true;
      if (refused !== undefined) events.pod('Warning', refused.reason, refused.message);
      if (stage.kind === 'live' && !ending.signal.aborted) await live();
      if (suspension.signal.aborted && stage.kind === 'live' && !endsForGood()) {
        views = views.map((view) => suspended(view, pod));
        report();
        await reporter.flushed();
        return;
      }
      if (!gone.signal.aborted) await end();
      if (gone.signal.aborted) {
        await volumes?.remove();
        await rm(podDirectory(dataDirectory, uid), { recursive: true, force: true });
      }
    } finally {
      await volumes?.[Symbol.asyncDispose]();
    }
  }

  /** Containers run until they have finished or something ends them. */
  async function live(): Promise<void> {
    const { signal } = ending;
    const setup = { ...context, pod: () => pod, events, signal };
    deadline.arm(pod.spec.activeDeadlineSeconds);
    report();
    try {
      volumes = await mountVolumes(setup);
      sandbox = await openSandbox(setup);
      report();
      containers = assemble(sandbox, volumes);
      const life = containers.run();
      await Promise.race([life, aborted(signal)]);
      if (stopAt !== undefined) await containers.stop(stopAt);
      await life;
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      deadline.cancel();
      if (sandbox !== undefined) await closeSandbox(sandbox, { events, clock, signal: context.signal });
      sandbox = undefined;
    }
  }

  function assemble(open: PodSandbox, mounted: MountedVolumes): PodContainers {
    runners = createPodRunners({
      ...context,
      objects: cluster.objects,
      pod: () => pod,
      restored: views,
      sandbox: open,
      volumes: mounted,
      events,
      onChange(changed) {
        views = views.map((view) => (view.name === changed.name ? changed : view));
        report();
      },
    });
    return createPodContainers({
      initContainers: runners.filter(({ view }) => view.kind !== 'app'),
      containers: runners.filter(({ view }) => view.kind === 'app'),
      sidecarDeadline: () => new Date(clock.now().getTime() + graceOf(pod)),
    });
  }

  /** Nothing runs any more: says so, frees what the pod had, and lets go of the object when it is to go. */
  async function end(): Promise<void> {
    if (stage.kind === 'live') stage = { kind: 'ended', ...(verdict === undefined ? {} : { verdict }) };
    report();
    await reporter.flushed();
    if (volumes === undefined) {
      await rm(volumesDirectory(dataDirectory, uid), { recursive: true, force: true });
    } else {
      await volumes.remove();
    }
    const over = AbortSignal.any([gone.signal, suspension.signal, context.signal]);
    await aborted(AbortSignal.any([deleted.signal, over]));
    if (!deleted.signal.aborted || gone.signal.aborted) return;
    await deletePodObject(podIdentity(pod), { api: cluster.status, clock, logger, signal: over });
    // A finalizer may hold the object for as long as it likes.
    await aborted(over);
  }

  /** Whether there is more to it than that the daemon stops. */
  function endsForGood(): boolean {
    const isOver = isTerminal(pod.status?.phase) || verdict !== undefined;
    return isOver || deleted.signal.aborted || gone.signal.aborted;
  }

  /** Takes an object that is newer than the one known. */
  function adopt(next: Pod): void {
    if (!isNewer(next, pod)) return;
    const before = pod;
    pod = next;
    noteWishes();
    if (stage.kind === 'live') {
      const { activeDeadlineSeconds } = next.spec;
      if (activeDeadlineSeconds !== before.spec.activeDeadlineSeconds) deadline.arm(activeDeadlineSeconds);
      containers?.update(specifiedContainers(next).map(({ container }) => container));
      volumes?.podChanged(next);
    }
    if (begun) report();
  }

  /** What the object says about the pod's end. */
  function noteWishes(): void {
    const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
    if (deletionTimestamp !== undefined) {
      deleted.abort();
      const graceMs =
        deletionGracePeriodSeconds === undefined ? graceOf(pod) : deletionGracePeriodSeconds * 1000;
      endWithin(Math.max(shortGraceMs, graceMs));
    } else if (isTerminal(pod.status?.phase) && stage.kind === 'live') {
      // Somebody else has declared it over.
      endWithin(graceOf(pod));
    }
  }

  function onExceeded(): void {
    verdict = {
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
    };
    events.pod('Normal', verdict.reason, verdict.message);
    endWithin(graceOf(pod));
  }

  /** Grace only ever shrinks. */
  function endWithin(graceMs: number): void {
    const by = new Date(clock.now().getTime() + graceMs);
    if (stopAt === undefined || by < stopAt) stopAt = by;
    if (ending.signal.aborted) void containers?.stop(stopAt);
    else ending.abort();
  }

  function report(): void {
    if (!wasTerminal && !gone.signal.aborted) reporter.report(progress());
  }

  function progress(): PodProgress {
    return {
      pod,
      stage,
      initContainers: views.filter(({ kind }) => kind !== 'app'),
      containers: views.filter(({ kind }) => kind === 'app'),
      sandbox,
      hostIPs: context.node().hostIPs,
      startTime,
    };
  }
}

function graceOf({ spec }: Pod): number {
  return (spec.terminationGracePeriodSeconds ?? defaultGraceSeconds) * 1000;
}
