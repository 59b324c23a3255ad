import { chmod, mkdir } from 'node:fs/promises';
import type { V1Container, V1Volume } from '@kubernetes/client-node';
import type { ObjectReader, TokenIssuer } from '../cluster/cluster.ts';
import { podDirectory, volumesDirectory } from '../logs/log-paths.ts';
import type { Clock } from '../node/clock.ts';
import { systemClock } from '../node/clock.ts';
import type { Logger } from '../node/logger.ts';
import { silentLogger } from '../node/logger.ts';
import type { NodeFacts } from '../node/node-facts.ts';
import type { Pod } from '../pods/pod.ts';
import type { AbortOptions, ContainerMount } from '../provider.ts';
import { openDirectory } from './anchored-directory.ts';
import { containerMounts } from './container-mounts.ts';
import type { MountedVolume, MountVolumeOptions, VolumesDirectory } from './mounted-volume.ts';
import { mountVolume } from './mounted-volume.ts';
import type { PodObjects } from './pod-objects.ts';
import { createPodObjects } from './pod-objects.ts';
import { makeTerminationLog } from './termination-log.ts';

export interface PodVolumesOptions {
  /** Absolute path; volumes live in its `pods/<uid>/volumes/`. */
  readonly dataDirectory: string;
  readonly objects: ObjectReader;
  readonly tokens: TokenIssuer;
  /** Read whenever it is needed, so that it may change. */
  readonly node: () => NodeFacts;
  /** Directories that hostPath volumes may name, with what is below them. @default `['/']` */
  readonly allowedHostPaths?: readonly string[];
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** From 0 to 1; spreads the refreshes of tokens. @default `Math.random` */
  readonly random?: () => number;
  /** @default silent */
  readonly logger?: Logger;
}

export interface PodVolumes {
  /**
   * Sets up the volumes that the pod's containers use. Repeating it for the same pod, also after a restart
   * of the daemon, finds what is there. Rejects with `VolumeError`, or with the signal's reason; nothing goes on in
   * the background then. What is written belongs to the owner of the pod's volumes directory, so that a
   * provider may hand that directory to the pod's user at any time.
   */
  mount(pod: Pod, options?: AbortOptions): Promise<MountedVolumes>;
}

/**
 * The volumes of one pod, kept up to date with their objects. Disposing ends that and leaves the files, so
 * that a restarted daemon finds an emptyDir as it was; {@link MountedVolumes.remove} is for the pod's end.
 */
export interface MountedVolumes extends AsyncDisposable {
  /**
   * Mounts of one run of a container. Call it for each run: subPath mounts are resolved anew.
   * ConfigMap, Secret, downward API and projected volumes are read-only. Rejects with `ConfigError`.
   *
   * @param expand expands `$(NAME)` for subPathExpr with the container's environment
   */
  containerMounts(
    container: V1Container,
    expand: (text: string) => string,
  ): Promise<readonly ContainerMount[]>;
  /**
   * The file that `ContainerSpec.terminationLog` names, made anew for one run of a container with these mounts. Absent where
   * it wants none, and where it cannot be made, which is logged: it runs without it then, as upstream has it.
   */
  terminationLog(
    container: V1Container,
    mounts: readonly ContainerMount[],
  ): Promise<ContainerMount | undefined>;
  /** Tells downward API volumes about new labels and annotations. */
  podChanged(pod: Pod): void;
  /** Ends the updates and deletes the pod's volumes with what is in them. Idempotent. */
  remove(): Promise<void>;
}

export function createPodVolumes(options: PodVolumesOptions): PodVolumes {
  return {
    async mount(pod, { signal } = {}) {
      signal?.throwIfAborted();
      const directory = await makePodDirectories(options.dataDirectory, pod.metadata.uid);
      const latest = { pod };
      let missed = false;
      const volumes = new Map<string, MountedVolume>();
      const objects = createPodObjects({
        objects: options.objects,
        namespace: pod.metadata.namespace,
        onChange: () => {
          missed = true;
          changed(volumes);
        },
      });
      const mountOptions = mountOptionsOf(options, latest, objects, directory, signal);
      const wanted = usedVolumes(pod);
      const results = await Promise.allSettled(wanted.map((volume) => mountVolume(volume, mountOptions)));
      for (const [index, result] of results.entries()) {
        if (result.status === 'fulfilled') volumes.set(wanted[index]!.name, result.value);
      }
      const endUpdates = async (): Promise<void> => {
        await objects[Symbol.asyncDispose]();
        await Promise.all([...volumes.values()].map(endUpdatesOf));
      };
      const failure = results.find((result) => result.status === 'rejected');
      if (failure !== undefined || signal?.aborted) {
        await endUpdates();
        throw (signal?.aborted ? signal.reason : failure?.reason) as Error;
      }
      // Something has changed while other volumes were being set up.
      if (missed) changed(volumes);

      return {
        containerMounts: (container, expand) =>
          containerMounts({ container, volumes, expand, directory, logger: options.logger ?? silentLogger }),
        terminationLog: (container, mounts) =>
          makeTerminationLog(directory, container, mounts).catch((error: unknown) => {
            const fields = { container: container.name, uid: pod.metadata.uid, err: error };
            (options.logger ?? silentLogger).warn(fields, 'termination log not made');
            return undefined;
          }),
        podChanged(next) {
          latest.pod = next;
          changed(volumes);
        },
        async remove() {
          await endUpdates();
          await removeVolumes(podDirectory(options.dataDirectory, pod.metadata.uid));
        },
        [Symbol.asyncDispose]: endUpdates,
      };
    },
  };
}

const volumesName = 'volumes';

/** The pod's user has to get through the first directory; nobody else may enter the second. */
async function makePodDirectories(dataDirectory: string, uid: string): Promise<VolumesDirectory> {
  await mkdir(podDirectory(dataDirectory, uid), { recursive: true });
  await using pod = await openDirectory(podDirectory(dataDirectory, uid));
  await chmod(podDirectory(dataDirectory, uid), 0o711);
  const owner = await pod.owner();
  await (await pod.ensure(volumesName, { mode: 0o700, owner }))[Symbol.asyncDispose]();
  const path = volumesDirectory(dataDirectory, uid);
  return { path, open: () => openDirectory(path) };
}

async function removeVolumes(directory: string): Promise<void> {
  try {
    await using pod = await openDirectory(directory);
    await pod.remove(volumesName);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Upstream sets up only what a container mounts. */
function usedVolumes({ spec }: Pod): readonly V1Volume[] {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  const used = new Set(
    containers.flatMap(({ volumeMounts = [], volumeDevices = [] }) =>
      [...volumeMounts, ...volumeDevices].map(({ name }) => name),
    ),
  );
  return (spec.volumes ?? []).filter(({ name }) => used.has(name));
}

function mountOptionsOf(
  options: PodVolumesOptions,
  latest: { readonly pod: Pod },
  objects: PodObjects,
  directory: VolumesDirectory,
  signal: AbortSignal | undefined,
): MountVolumeOptions {
  const { tokens, node, clock = systemClock, random = Math.random, logger = silentLogger } = options;
  return {
    sources: { pod: () => latest.pod, node, objects, tokens, clock, random },
    allowedHostPaths: options.allowedHostPaths ?? ['/'],
    directory,
    onFailure: (error) => {
      const { namespace, name, uid } = latest.pod.metadata;
      logger.warn(
        { pod: `${namespace}/${name}`, uid, volume: error.volume, err: error },
        'volume not updated',
      );
    },
    ...(signal === undefined ? {} : { signal }),
  };
}

function changed(volumes: ReadonlyMap<string, MountedVolume>): void {
  for (const volume of volumes.values()) {
    if (volume.kind === 'content') volume.content.changed();
  }
}

async function endUpdatesOf(volume: MountedVolume): Promise<void> {
  if (volume.kind === 'content') await volume.content[Symbol.asyncDispose]();
}
