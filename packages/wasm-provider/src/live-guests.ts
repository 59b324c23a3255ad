import type { ContainerStats, PodIdentity, PodStats } from '@wasmlet/kubelet/provider';
import type { Guest } from '@wasmlet/wasm-runtime';

/** The guests that run now, by pod and container. */
export interface LiveGuests {
  /** Knows the guest until it has ended. */
  add(pod: PodIdentity, container: string, guest: Guest): void;
  /** What they have taken so far. */
  stats(): Promise<readonly PodStats[]>;
}

interface LivePod {
  readonly pod: PodIdentity;
  readonly guests: Map<string, Guest>;
}

export function createLiveGuests(): LiveGuests {
  const pods = new Map<string, LivePod>();
  return {
    add({ namespace, name, uid }, container, guest) {
      const live = pods.get(uid) ?? { pod: { namespace, name, uid }, guests: new Map<string, Guest>() };
      pods.set(uid, live);
      live.guests.set(container, guest);
      void guest.exited.then(() => {
        if (live.guests.get(container) === guest) live.guests.delete(container);
        if (live.guests.size === 0 && pods.get(uid) === live) pods.delete(uid);
      });
    },
    stats: () =>
      Promise.all(
        [...pods.values()].map(async ({ pod, guests }) => {
          const containers = await Promise.all(
            [...guests].map(([name, guest]) => containerStats(name, guest)),
          );
          return { pod, containers: containers.filter((stats) => stats !== undefined) };
        }),
      ),
  };
}

async function containerStats(name: string, guest: Guest): Promise<ContainerStats | undefined> {
  const stats = await guest.stats();
  if (stats === undefined) return undefined;
  // Guests in threads share their process's memory: none of it is one guest's.
  const { cpuSeconds, memoryBytes = 0 } = stats;
  return { name, startedAt: guest.startedAt, cpuUsageSeconds: cpuSeconds, memoryBytes };
}
