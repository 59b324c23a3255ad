import type { V1Container } from '@kubernetes/client-node';
import type { RunHealth } from '../containers/container-state.ts';
import type { Clock } from '../node/clock.ts';
import { attemptProbe } from './attempt-probe.ts';
import { type ProbeName, probeOf, type ProbeSpec } from './probe-spec.ts';
import { watchProbe } from './watch-probe.ts';

/** A run, as the runner of its container sees it. */
export interface RunToProbe {
  readonly container: V1Container;
  /** Aborts when the run has ended. */
  readonly ended: AbortSignal;
  /** Aborts when the run is to end: from then on readiness alone is probed. */
  readonly stopping: AbortSignal;
  readonly onHealth: (health: RunHealth) => void;
  /** The run is to be ended, within the probe's own grace if there is one. */
  readonly onDead: (graceMs: number | undefined) => void;
}

/** What its pod adds. */
export interface ProbedRun extends RunToProbe {
  /** The pod's address. */
  readonly host: string;
  readonly clock: Clock;
  readonly tell: (type: 'Normal' | 'Warning', reason: string, message: string) => void;
}

/**
 * Probes one run of a container until it has ended: the startup probe first, then readiness and liveness side by side. Answers with
 * what is known of the run at its beginning.
 */
export function probeRun(run: ProbedRun): RunHealth {
  const { container, clock, ended, onHealth, onDead, tell } = run;
  const living = AbortSignal.any([ended, run.stopping]);
  const [startup, readiness, liveness] = (['startup', 'readiness', 'liveness'] as const).map((name) =>
    probeOf(container, name),
  );
  let health: RunHealth = {
    started: startup === undefined,
    ready: startup === undefined && readiness === undefined,
  };
  const change = (next: Partial<RunHealth>): void => {
    const changed = { ...health, ...next };
    if (changed.started === health.started && changed.ready === health.ready) return;
    health = changed;
    onHealth(health);
  };
  const watch = (
    spec: ProbeSpec | undefined,
    signal: AbortSignal,
    onVerdict: (healthy: boolean) => boolean,
  ): void => {
    if (spec === undefined) return;
    void watchProbe(spec, {
      clock,
      signal,
      attempt: (stop) =>
        attemptProbe(spec.action, { host: run.host, timeoutMs: spec.timeoutMs, signal: stop }),
      onFailure: (message) => tell('Warning', 'Unhealthy', `${words[spec.name]} probe failed: ${message}`),
      onVerdict,
    });
  };
  const dies = (spec: ProbeSpec | undefined, healthy: boolean): boolean => {
    if (healthy || spec === undefined) return true;
    tell('Normal', 'Killing', `Container ${container.name} failed ${spec.name} probe, will be restarted`);
    onDead(spec.graceMs);
    return false;
  };
  const begun = (): void => {
    watch(readiness, ended, (ready) => {
      change({ ready });
      return true;
    });
    watch(liveness, living, (healthy) => dies(liveness, healthy));
  };
  if (startup === undefined) begun();
  watch(startup, living, (healthy) => {
    if (!healthy) return dies(startup, false);
    change({ started: true, ready: readiness === undefined });
    begun();
    return false;
  });
  return health;
}

const words: Readonly<Record<ProbeName, string>> = {
  startup: 'Startup',
  readiness: 'Readiness',
  liveness: 'Liveness',
};
