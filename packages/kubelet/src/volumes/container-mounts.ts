import { posix } from 'node:path';
import type { V1Container, V1VolumeMount } from '@kubernetes/client-node';
import { ConfigError } from '../containers/config-error.ts';
import type { Logger } from '../node/logger.ts';
import type { ContainerMount } from '../provider.ts';
import { writeTree } from './file-tree.ts';
import type { MountedVolume, VolumesDirectory } from './mounted-volume.ts';
import type { Payload } from './payload.ts';
import { resolveSubPath, subPathOf } from './sub-path.ts';

export interface ContainerMountsOptions {
  readonly container: V1Container;
  readonly volumes: ReadonlyMap<string, MountedVolume>;
  /** Expands `$(NAME)` with the container's environment. */
  readonly expand: (text: string) => string;
  readonly directory: VolumesDirectory;
  readonly logger: Logger;
}

/** What one run of a container mounts. Rejects with {@link ConfigError}. */
export async function containerMounts(options: ContainerMountsOptions): Promise<readonly ContainerMount[]> {
  const { container } = options;
  const [device] = container.volumeDevices ?? [];
  if (device !== undefined) {
    throw new ConfigError(`block device ${device.devicePath} is not supported on this node`);
  }
  const mounts: ContainerMount[] = [];
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    const containerPath = posix.resolve('/', mount.mountPath);
    if (mounts.some((other) => other.containerPath === containerPath)) {
      throw new ConfigError(`${containerPath} is mounted twice in container "${container.name}"`);
    }
    mounts.push(await resolveMount(mount, { ...options, containerPath, index }));
  }
  return mounts;
}

interface MountContext extends ContainerMountsOptions {
  readonly containerPath: string;
  readonly index: number;
}

async function resolveMount(mount: V1VolumeMount, context: MountContext): Promise<ContainerMount> {
  const { container, volumes, containerPath } = context;
  const volume = volumes.get(mount.name);
  if (volume === undefined) {
    throw new ConfigError(`cannot find volume "${mount.name}" to mount into container "${container.name}"`);
  }
  checkOptions(mount, container.name);
  const readOnly = volume.kind === 'content' || (mount.readOnly ?? false);
  const subPath = subPathOf(mount, context.expand);
  const mounted = (hostPath: string): ContainerMount => ({
    hostPath,
    root: volume.root,
    containerPath,
    readOnly,
  });
  if (subPath === undefined) return mounted(volume.path);
  if (volume.kind === 'content') {
    return mounted(await snapshot(subPath, volume.content.payload, mount, context));
  }
  try {
    return mounted(await resolveSubPath(volume, subPath));
  } catch (error) {
    // As upstream: the details would tell the pod's author of the node's file system.
    context.logger.warn(
      { container: container.name, volume: mount.name, subPath, err: error },
      'subPath refused',
    );
    throw subPathFailure(mount, container);
  }
}

function checkOptions({ name, mountPropagation, recursiveReadOnly }: V1VolumeMount, container: string): void {
  const unsupported =
    mountPropagation === 'Bidirectional'
      ? 'mountPropagation Bidirectional'
      : recursiveReadOnly === 'Enabled'
        ? 'recursiveReadOnly Enabled'
        : undefined;
  if (unsupported === undefined) return;
  throw new ConfigError(
    `${unsupported} of volumeMount "${name}" in container "${container}" is not supported on this node`,
  );
}

/** Holds copies; a name that no plugin can have. */
const snapshotsName = '..subpaths';

/**
 * Copies a part of a content volume for one run: subPath mounts do not follow updates, and what they show must
 * stay when the volume moves on. A single file gets the name under which the container sees it.
 */
async function snapshot(
  subPath: string,
  payload: Payload,
  mount: V1VolumeMount,
  { container, containerPath, index, directory }: MountContext,
): Promise<string> {
  const wanted = posix.normalize(subPath).replace(/\/$/, '');
  const fileName = posix.basename(containerPath) || 'file';
  const file = payload.get(wanted);
  const files: Payload = file === undefined ? below(wanted, payload) : new Map([[fileName, file]]);
  if (files.size === 0) throw subPathFailure(mount, container);

  await using volumes = await directory.open();
  const owner = await volumes.owner();
  await using snapshots = await volumes.ensure(snapshotsName, { mode: 0o755, owner });
  await using ofContainer = await snapshots.ensure(container.name, { mode: 0o755, owner });
  await ofContainer.remove(String(index));
  await using copy = await ofContainer.ensure(String(index), { mode: 0o755, owner });
  await writeTree(copy, files, owner);
  const path = `${directory.path}/${snapshotsName}/${container.name}/${index}`;
  return file === undefined ? path : `${path}/${fileName}`;
}

function below(directory: string, payload: Payload): Payload {
  const prefix = directory === '.' ? '' : `${directory}/`;
  return new Map(
    [...payload].flatMap(([path, file]) =>
      path.startsWith(prefix) ? [[path.slice(prefix.length), file] as const] : [],
    ),
  );
}

function subPathFailure({ name }: V1VolumeMount, container: V1Container): ConfigError {
  return new ConfigError(
    `failed to create subPath directory for volumeMount "${name}" of container "${container.name}"`,
  );
}
