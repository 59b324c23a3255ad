import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, posix } from 'node:path';
import type { V1Container } from '@kubernetes/client-node';
import type { ContainerMount } from '../provider.ts';
import { openDirectoryBelow } from './anchored-directory.ts';
import type { VolumesDirectory } from './mounted-volume.ts';

/** Upstream's bound on what is taken from the file (`MaxContainerTerminationMessageLength`). */
const maxBytes = 4096;

/** Holds one file per container; a name that no plugin can have. */
const directoryName = '..termination';

/**
 * Makes the file into which one run of a container may write why it ends, anew and empty. `undefined` for a container that names
 * no path, or one that a mount of its own is at or below.
 */
export async function makeTerminationLog(
  directory: VolumesDirectory,
  { name, terminationMessagePath }: V1Container,
  mounts: readonly ContainerMount[],
): Promise<ContainerMount | undefined> {
  if (!terminationMessagePath) return undefined;
  const containerPath = posix.resolve('/', terminationMessagePath);
  const taken = mounts.some((mount) => `${mount.containerPath}/`.startsWith(`${containerPath}/`));
  if (taken || containerPath === '/') return undefined;
  await using volumes = await directory.open();
  const owner = await volumes.owner();
  await using files = await volumes.ensure(directoryName, { mode: 0o755, owner });
  await files.remove(name);
  await files.writeFile(name, { data: new Uint8Array(), mode: 0o666, owner });
  return {
    hostPath: `${directory.path}/${directoryName}/${name}`,
    root: directory.path,
    containerPath,
    readOnly: false,
  };
}

/** The end of what a run has written into its file. The pod's user may have put anything in the file's place. */
export async function readTerminationLog({ hostPath, root, containerPath }: ContainerMount): Promise<string> {
  try {
    const path = dirname(hostPath);
    await using directory = await openDirectoryBelow({ root: root ?? path, path });
    await using file = await open(directory.entry(basename(hostPath)), readingFlags);
    const stats = await file.stat();
    if (!stats.isFile()) throw new Error('it is no file');
    const length = Math.min(stats.size, maxBytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, stats.size - length);
    const text = buffer.toString('utf8', 0, bytesRead);
    // What is cut may begin within a character.
    return stats.size > length ? text.replace(/^\uFFFD+/, '') : text;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? '' : `Error on reading termination log ${containerPath}: ${code ?? message}`;
  }
}

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
const readingFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
