import type { V1Container } from '@kubernetes/client-node';
import type { ContainerRunner } from '../containers/container-runner.ts';
import { isReady } from '../containers/container-state.ts';

/** The containers of one pod, in the order that Kubernetes gives them. */
export interface PodContainers {
  /**
   * Runs the init containers one by one (a sidecar is left running when it has started), then the others side
   * by side. Resolves when none of those will run again, or after {@link PodContainers.stop}; sidecars
   * have been stopped by then. Never rejects.
   */
  run(): Promise<void>;
  /**
   * Ends them all by `deadline`: first what is no sidecar, then the sidecars in reverse order. Idempotent; an
   * earlier deadline counts.
   */
  stop(deadline: Date): Promise<void>;
  update(containers: readonly V1Container[]): void;
}

export interface PodContainersOptions {
  /** In the order of the spec. */
  readonly initContainers: readonly ContainerRunner[];
  readonly containers: readonly ContainerRunner[];
  /** By when sidecars have to be gone once the others have finished. */
  readonly sidecarDeadline: () => Date;
}

export function createPodContainers(options: PodContainersOptions): PodContainers {
  const { initContainers, containers } = options;
  const all = [...initContainers, ...containers];
  const sidecars = initContainers.filter(({ view }) => view.kind === 'sidecar');
  const others = all.filter(({ view }) => view.kind !== 'sidecar');
  const stopping = new AbortController();
  const asked = new Set<ContainerRunner>();
  let stopAt: Date | undefined;
  let stopped: Promise<void> | undefined;
  let life: Promise<void> | undefined;

  return {
    run() {
      life ??= live();
      return life;
    },
    async stop(deadline) {
      stopping.abort();
      await stopBy(deadline);
      await life;
    },
    update(specs) {
      for (const runner of all) {
        const spec = specs.find(({ name }) => name === runner.view.name);
        if (spec !== undefined) runner.update(spec);
      }
    },
  };

  async function live(): Promise<void> {
    const sidecarLives: Promise<void>[] = [];
    if (await initialize(sidecarLives)) await Promise.all(containers.map((runner) => runner.run()));
    if (!stopping.signal.aborted) await stopBy(options.sidecarDeadline());
    await Promise.all(sidecarLives);
  }

  /** False when the app containers must not start. */
  async function initialize(sidecarLives: Promise<void>[]): Promise<boolean> {
    // Once an app container has run, initialisation is over, also for a daemon that was restarted since.
    const initialized = containers.some(({ view }) => view.attempt !== undefined);
    for (const runner of initContainers) {
      if (stopping.signal.aborted) return false;
      if (runner.view.kind === 'sidecar') {
        sidecarLives.push(runner.run());
        await runner.started;
      } else if (!initialized && !isReady(runner.view)) {
        await runner.run();
        if (!isReady(runner.view)) return false;
      }
    }
    return !stopping.signal.aborted;
  }

  function stopBy(deadline: Date): Promise<void> {
    if (stopAt === undefined || deadline < stopAt) {
      stopAt = deadline;
      for (const runner of asked) void runner.stop(deadline);
    }
    stopped ??= stopInOrder();
    return stopped;
  }

  async function stopInOrder(): Promise<void> {
    await Promise.all(others.map(ask));
    for (const sidecar of sidecars.toReversed()) await ask(sidecar);
  }

  async function ask(runner: ContainerRunner): Promise<void> {
    asked.add(runner);
    if (stopAt !== undefined) await runner.stop(stopAt);
  }
}
