import { appendFile, writeFile } from 'node:fs/promises';
import type { Clock } from '../node/clock.ts';
import {
  type Container,
  type ContainerExit,
  type ContainerSpec,
  type PodSandbox,
  type PodSandboxSpec,
  ProviderError,
} from '../provider.ts';
import type { ScriptedRun } from './scripted-image.ts';

/** A pod that a scripted provider has opened. */
export interface ScriptedSandbox extends PodSandbox {
  readonly spec: PodSandboxSpec;
  readonly containers: readonly ScriptedContainer[];
}

/** A run of a container, open to inspection. */
export interface ScriptedContainer extends Container {
  readonly pod: PodSandboxSpec;
  readonly spec: ContainerSpec;
  /** Grace of every {@link Container.stop}, in order. */
  readonly stops: readonly number[];
  /** Absent while it runs. */
  readonly exit: ContainerExit | undefined;
  /** Ends it now, as if by itself. */
  end(exit: Partial<ContainerExit> & { readonly exitCode: number }): void;
}

export interface ScriptedSandboxOptions {
  readonly ips: readonly string[];
  readonly clock: Clock;
  /** What an image does when it is run for the `run`th time in this pod, from 0. */
  readonly script: (reference: string, run: number) => ScriptedRun;
  readonly onStart: (container: ScriptedContainer) => void;
  readonly onClose: () => void;
}

export function openScriptedSandbox(pod: PodSandboxSpec, options: ScriptedSandboxOptions): ScriptedSandbox {
  const { clock } = options;
  const containers: ScriptedContainer[] = [];
  let closed = false;

  return {
    spec: pod,
    containers,
    ips: options.ips,
    async startContainer(spec, { signal } = {}) {
      signal?.throwIfAborted();
      if (closed) throw new ProviderError('INTERNAL', `pod ${pod.namespace}/${pod.name} is closed`);
      const script = options.script(spec.image.reference, spec.attempt);
      if (script.refused !== undefined) throw new ProviderError(script.refused.code, script.refused.message);
      const lines = (script.lines ?? []).map((line) => `${clock.now().toISOString()} stdout F ${line}\n`);
      await appendFile(spec.logPath, lines.join(''));
      if (spec.terminationLog) await writeFile(spec.terminationLog.hostPath, script.terminationMessage ?? '');
      signal?.throwIfAborted();
      const id = `${pod.uid}-${spec.name}-${spec.attempt}`;
      const container = startScriptedContainer({ id, pod, spec, script, clock });
      containers.push(container);
      options.onStart(container);
      return container;
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      await Promise.all(containers.map((container) => container.stop({ graceMs: 0 })));
      options.onClose();
    },
  };
}

function startScriptedContainer(start: {
  readonly id: string;
  readonly pod: PodSandboxSpec;
  readonly spec: ContainerSpec;
  readonly script: ScriptedRun;
  readonly clock: Clock;
}): ScriptedContainer {
  const { id, pod, spec, script, clock } = start;
  const { lastsMs = 0, exitCode = 0, trap, stopsAfterMs = 0 } = script;
  const startedAt = clock.now();
  const exited = Promise.withResolvers<ContainerExit>();
  const life = new AbortController();
  const stops: number[] = [];
  let exit: ContainerExit | undefined;

  const end: ScriptedContainer['end'] = (how) => {
    if (exit !== undefined) return;
    exit = { reason: how.exitCode === 0 ? 'Completed' : 'Error', finishedAt: clock.now(), ...how };
    life.abort();
    exited.resolve(exit);
  };
  const endAfter = (ms: number, how: Parameters<typeof end>[0]): void => {
    if (ms <= 0) end(how);
    else
      clock.sleep(ms, { signal: life.signal }).then(
        () => end(how),
        () => undefined,
      );
  };

  const ownEnd = trap === undefined ? { exitCode } : { exitCode: 134, message: trap };
  if (lastsMs !== 'forever') endAfter(lastsMs, ownEnd);

  return {
    id,
    pod,
    spec,
    stops,
    end,
    startedAt,
    exited: exited.promise,
    get exit() {
      return exit;
    },
    stop({ graceMs }) {
      stops.push(graceMs);
      const obeys = stopsAfterMs !== 'never' && stopsAfterMs <= graceMs;
      if (obeys) endAfter(stopsAfterMs, { exitCode: 143 });
      else endAfter(graceMs, { exitCode: 137 });
      return exited.promise;
    },
  };
}
