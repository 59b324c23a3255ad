import type { V1Volume } from '@kubernetes/client-node';
import { ClusterError } from '../cluster/cluster.ts';
import type { AbortOptions } from '../provider.ts';
import type { AnchoredDirectory, AnchoredPath } from './anchored-directory.ts';
import type { ContentSources } from './content.ts';
import { contentReader } from './content-reader.ts';
import type { ContentVolume } from './content-volume.ts';
import { mountContentVolume } from './content-volume.ts';
import { prepareHostPath } from './host-path.ts';
import { VolumeError } from './volume-error.ts';

/** One volume of a pod, ready to be mounted. */
export type MountedVolume =
  /** Files that are written by the kubelet, and read-only for containers. */
  | (AnchoredPath & { readonly kind: 'content'; readonly content: ContentVolume })
  /** A directory or file that containers may write, unless their mount says otherwise. */
  | (AnchoredPath & { readonly kind: 'storage' });

/** The directory of all volumes of a pod. */
export interface VolumesDirectory {
  readonly path: string;
  readonly open: () => Promise<AnchoredDirectory>;
}

export interface MountVolumeOptions extends AbortOptions {
  readonly sources: ContentSources;
  readonly allowedHostPaths: readonly string[];
  readonly directory: VolumesDirectory;
  /** Told when an update in the background fails. */
  readonly onFailure: (error: VolumeError) => void;
}

/** Sets up one volume. Rejects with {@link VolumeError}, or with the signal's reason. */
export async function mountVolume(volume: V1Volume, options: MountVolumeOptions): Promise<MountedVolume> {
  const { sources, directory, signal } = options;
  const plugin = pluginOf(volume);
  // Not the volume's own directory: the pod's user owns the one above it, and could replace it.
  const root = directory.path;
  const path = `${root}/${plugin}/${volume.name}`;
  const open = (mode: number) => openVolumeDirectory(directory, plugin, volume.name, mode);
  try {
    if (volume.hostPath) {
      const hostPath = await prepareHostPath(volume.name, volume.hostPath, options.allowedHostPaths);
      return { kind: 'storage', root: '/', path: hostPath };
    }
    const read = contentReader(volume, sources);
    if (read === undefined) {
      // An emptyDir of medium Memory is a directory like any other: guests share no memory file system.
      await (await open(0o777))[Symbol.asyncDispose]();
      return { kind: 'storage', root, path };
    }
    const content = await mountContentVolume(
      {
        name: volume.name,
        read,
        open: () => open(0o755),
        clock: sources.clock,
        onFailure: (error) => options.onFailure(volumeError(volume.name, error)),
      },
      signal === undefined ? {} : { signal },
    );
    return { kind: 'content', root, path, content };
  } catch (error) {
    signal?.throwIfAborted();
    throw volumeError(volume.name, error);
  }
}

const plugins = {
  configMap: 'kubernetes.io~configmap',
  secret: 'kubernetes.io~secret',
  downwardAPI: 'kubernetes.io~downward-api',
  projected: 'kubernetes.io~projected',
  emptyDir: 'kubernetes.io~empty-dir',
  hostPath: 'kubernetes.io~host-path',
} as const satisfies Partial<Record<keyof V1Volume, string>>;

/** A volume that says nothing of its kind is an emptyDir. */
function pluginOf({ name, ...sources }: V1Volume): string {
  const kind = Object.entries(sources).find(([, source]) => source !== undefined && source !== null)?.[0];
  if (kind === undefined) return plugins.emptyDir;
  const plugin = Object.hasOwn(plugins, kind) ? plugins[kind as keyof typeof plugins] : undefined;
  if (plugin !== undefined) return plugin;
  const supported = Object.keys(plugins).join(', ');
  throw new VolumeError(
    'UNSUPPORTED',
    name,
    `volumes of kind ${kind} are not supported on this node (it has ${supported})`,
  );
}

/** What is made belongs to whom the volumes directory belongs to, see `PodSandboxSpec.directory`. */
async function openVolumeDirectory(
  directory: VolumesDirectory,
  plugin: string,
  name: string,
  mode: number,
): Promise<AnchoredDirectory> {
  await using volumes = await directory.open();
  const owner = await volumes.owner();
  await using parent = await volumes.ensure(plugin, { mode: 0o755, owner });
  return await parent.ensure(name, { mode, owner });
}

function volumeError(volume: string, error: unknown): VolumeError {
  if (error instanceof VolumeError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new VolumeError(error instanceof ClusterError ? 'UNAVAILABLE' : 'IO', volume, detail, {
    cause: error,
  });
}
