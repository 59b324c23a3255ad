import type { V1Container } from '@kubernetes/client-node';
import { ClusterError } from '../cluster/cluster.ts';
import type { Clock } from '../node/clock.ts';
import type { Logger } from '../node/logger.ts';
import type { PodEvents } from '../pods/pod-events.ts';
import { podIdentity, type Pod } from '../pods/pod.ts';
import type { RunToProbe } from '../probes/probe-run.ts';
import { type Container, type ContainerSpec, ProviderError, type PulledImage } from '../provider.ts';
import { ConfigError } from './config-error.ts';
import { announcedRun, type ContainerRecords, recordOf } from './container-records.ts';
import {
  type ContainerView,
  firstReason,
  healthChanged,
  isStarted,
  mayRestart,
  runEnded,
  runStarted,
  startFailed,
  type RunHealth,
  type Terminated,
  waiting,
} from './container-state.ts';
import { type CrashBackoff, createCrashBackoff } from './crash-backoff.ts';
import type { RunLogs } from './run-logs.ts';
import { terminationMessage } from './termination-message.ts';

/** One container of a pod over all its runs. */
export interface ContainerRunner {
  readonly view: ContainerView;
  /** Settles when the run that goes on has ended. */
  readonly ended: Promise<void> | 'ended';
  /** Settles when the container has run for the first time, or never will. */
  readonly started: Promise<void>;
  /** Runs it as often as its restart policy says. Resolves when it will not run again; never rejects. */
  run(): Promise<void>;
  /** Another image ends the run and starts the next one with it. */
  update(container: V1Container): void;
  /** Ends it by `deadline`, and no run follows. Idempotent; an earlier deadline counts. */
  stop(deadline: Date): Promise<void>;
}

/** What a runner needs of its pod. */
export interface ContainerRunnerOptions {
  readonly pod: () => Pod;
  readonly container: V1Container;
  /** New, or as it was before the daemon was restarted. */
  readonly restored: ContainerView;
  readonly records: ContainerRecords;
  readonly logs: RunLogs;
  readonly events: PodEvents;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onChange: (view: ContainerView) => void;
  /** Makes the image present; rejects only when `signal` aborts. */
  obtainImage(request: ImageRequest): Promise<PulledImage>;
  resolveSpec(request: SpecRequest): Promise<ContainerSpec>;
  startContainer(spec: ContainerSpec, signal: AbortSignal): Promise<Container>;
  /** Probes a run until it has ended. @default none is */
  readonly probe?: (run: RunToProbe) => RunHealth;
}

export interface ImageRequest {
  readonly container: V1Container;
  readonly onWaiting: (reason: string, message: string) => void;
  readonly signal: AbortSignal;
}

export interface SpecRequest {
  readonly container: V1Container;
  readonly attempt: number;
  readonly image: PulledImage;
  readonly logPath: string;
  readonly signal: AbortSignal;
}

/** Upstream's pause before a pod whose container could not be created is looked at again (`backOffPeriod`). */
const createRetryMs = 10_000;
/** Upstream gives every container at least this long (`minimumGracePeriodInSeconds`). */
const minGraceMs = 2_000;
const defaultGraceSeconds = 30;

export function createContainerRunner(options: ContainerRunnerOptions): ContainerRunner {
  const { records, logs, events, clock, logger } = options;
  const crash: CrashBackoff = createCrashBackoff();
  const stopping = new AbortController();
  const firstStart = Promise.withResolvers<void>();
  let container = options.container;
  let view = options.restored;
  /** The end that the next run follows. */
  let end: Terminated | undefined = view.state.phase === 'terminated' ? view.state : undefined;
  let current: { readonly run: Container; replaced: boolean } | undefined;
  let ended: Promise<void> | 'ended' = 'ended';
  let changed = new AbortController();
  let deadline: Date | undefined;
  let life: Promise<void> | undefined;

  return {
    get view() {
      return view;
    },
    get ended() {
      return ended;
    },
    started: firstStart.promise,
    run() {
      life ??= live().finally(() => firstStart.resolve());
      return life;
    },
    update(next) {
      const imageChanged = next.image !== container.image;
      container = next;
      if (!imageChanged) return;
      crash.reset();
      changed.abort();
      changed = new AbortController();
      if (current !== undefined && !stopping.signal.aborted) replace(current);
    },
    async stop(by) {
      if (deadline === undefined || by < deadline) deadline = by;
      if (current !== undefined) {
        if (!stopping.signal.aborted) tell('Normal', 'Killing', `Stopping container ${view.name}`);
        askToEnd(current.run, graceMs());
      }
      stopping.abort();
      await life;
    },
  };

  async function live(): Promise<void> {
    while (!stopping.signal.aborted) {
      const signal = AbortSignal.any([stopping.signal, changed.signal]);
      try {
        if (!(await mayRunNow(signal))) return;
        const image = await options.obtainImage({ container, signal, onWaiting: wait });
        await runOnce(image, signal);
      } catch (error) {
        // Stopped, or another image: the loop looks again.
        if (!signal.aborted) await createFailed(error, signal);
      }
    }
  }

  /** Waits for the crash back-off; false when the restart policy wants no more runs. */
  async function mayRunNow(signal: AbortSignal): Promise<boolean> {
    if (end === undefined) return true;
    if (!mayRestart(view.restartPolicy, end.exitCode)) return false;
    const finishedAt = end.finishedAt ?? clock.now();
    const pauseMs = crash.remainingMs(finishedAt, clock.now());
    if (pauseMs > 0) {
      const pod = options.pod();
      const { name, namespace, uid } = pod.metadata;
      tell(
        'Warning',
        'BackOff',
        `Back-off restarting failed container ${view.name} in pod ${name}_${namespace}(${uid})`,
      );
      wait('CrashLoopBackOff', crash.message(pod, view.name));
      await clock.sleep(pauseMs, { signal });
    }
    crash.restarted(finishedAt);
    end = undefined;
    return true;
  }

  async function runOnce(image: PulledImage, signal: AbortSignal): Promise<void> {
    const attempt = view.attempt === undefined ? 0 : view.attempt + 1;
    const logPath = logs.path(attempt);
    const [spec] = await Promise.all([
      options.resolveSpec({ container, attempt, image, logPath, signal }),
      logs.prepare(attempt),
    ]);
    const before = view;
    // On disk before it runs: a daemon that dies now must know that this run may have begun.
    await records.save(announcedRun(before, attempt));

    let run: Container;
    try {
      run = await options.startContainer(spec, signal);
    } catch (error) {
      if (!signal.aborted && error instanceof ProviderError && error.code === 'CONTAINER_START') {
        await startRefused(attempt, error);
        return;
      }
      await forget(before);
      throw error;
    }
    await follow(run, image, spec);
  }

  async function follow(run: Container, image: PulledImage, spec: ContainerSpec): Promise<void> {
    const { attempt } = spec;
    current = { run, replaced: false };
    const over = Promise.withResolvers<void>();
    ended = over.promise;
    const runEnds = new AbortController();
    const health = options.probe?.({
      container,
      ended: runEnds.signal,
      stopping: stopping.signal,
      onHealth: setHealth,
      onDead: (ofProbe) => askToEnd(run, Math.max(minGraceMs, ofProbe ?? specifiedGraceMs())),
    });
    const begun = runStarted(view, {
      attempt,
      containerId: run.id,
      image: image.reference,
      imageId: image.imageId,
      startedAt: run.startedAt,
      ...(health?.ready === false ? { health } : {}),
    });
    set(begun);
    if (isStarted(begun)) firstStart.resolve();
    tell('Normal', 'Created', 'Container created');
    tell('Normal', 'Started', 'Container started');
    const saved = records.save(recordOf(view, attempt)).catch(recordLost);
    // What was asked for while the provider was busy starting.
    if (stopping.signal.aborted) askToEnd(run, graceMs());
    else if (container.image !== image.reference) replace(current);

    const exit = await run.exited;
    runEnds.abort();
    const message = await terminationMessage(container, exit, spec);
    const { replaced } = current;
    const next = runEnded(view, { ...exit, ...(message === undefined ? {} : { message }) });
    await saved;
    await records.save(recordOf(next, attempt)).catch(recordLost);
    current = undefined;
    ended = 'ended';
    over.resolve();
    // A changed container is started again whatever the policy says, and no API server would see it leave
    // `terminated` under Never.
    set(replaced ? waiting(next, firstReason(options.pod())) : next);
    end = replaced || next.state.phase !== 'terminated' ? undefined : next.state;
  }

  function setHealth(health: RunHealth): void {
    set(healthChanged(view, health));
    if (health.started) firstStart.resolve();
  }

  async function startRefused(attempt: number, error: Error): Promise<void> {
    const failed = startFailed(view, { attempt, message: error.message, at: clock.now() });
    await records.save(recordOf(failed, attempt)).catch(recordLost);
    tell('Warning', 'Failed', `Error: ${error.message}`);
    set(failed);
    if (failed.state.phase !== 'terminated') return;
    end = failed.state;
    if (mayRestart(view.restartPolicy, 128)) wait('RunContainerError', error.message);
  }

  async function createFailed(cause: unknown, signal: AbortSignal): Promise<void> {
    const message = cause instanceof Error ? cause.message : String(cause);
    tell('Warning', 'Failed', `Error: ${message}`);
    wait(isConfigFailure(cause) ? 'CreateContainerConfigError' : 'CreateContainerError', message);
    await clock.sleep(createRetryMs, { signal }).catch(() => undefined);
  }

  function replace(running: NonNullable<typeof current>): void {
    if (running.replaced) return;
    running.replaced = true;
    tell('Normal', 'Killing', `Container ${view.name} definition changed, will be restarted`);
    askToEnd(running.run, Math.max(minGraceMs, specifiedGraceMs()));
  }

  function specifiedGraceMs(): number {
    return 1000 * (options.pod().spec.terminationGracePeriodSeconds ?? defaultGraceSeconds);
  }

  /** Its end comes by `exited`. */
  function askToEnd(run: Container, withinMs: number): void {
    run.stop({ graceMs: withinMs }).catch((error: unknown) => {
      logger.error(
        { ...podIdentity(options.pod()), container: view.name, error },
        'a container could not be stopped',
      );
    });
  }

  /** The run that was announced on disk has not begun after all. */
  async function forget(before: ContainerView): Promise<void> {
    const { attempt } = before;
    if (attempt === undefined) await records.clear().catch(recordLost);
    else await records.save(recordOf(before, attempt)).catch(recordLost);
  }

  function wait(reason: string, message?: string): void {
    set(waiting(view, reason, message));
  }

  function set(next: ContainerView): void {
    view = next;
    options.onChange(next);
  }

  function tell(type: 'Normal' | 'Warning', reason: string, message: string): void {
    events.container(view, type, reason, message);
  }

  function graceMs(): number {
    const remainingMs = (deadline ?? clock.now()).getTime() - clock.now().getTime();
    return Math.max(minGraceMs, remainingMs);
  }

  function recordLost(error: unknown): void {
    logger.error(
      { ...podIdentity(options.pod()), container: view.name, error },
      'the record of a container could not be written',
    );
  }
}

/** What the pod or the objects that it names can put right. */
function isConfigFailure(error: unknown): boolean {
  if (error instanceof ProviderError) return error.code === 'CONTAINER_CONFIG';
  return error instanceof ConfigError || error instanceof ClusterError;
}
