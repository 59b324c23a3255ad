import { readdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { podDirectory } from '../logs/log-paths.ts';
import type { Logger } from '../node/logger.ts';

/**
 * Removes the directories of pods that the API does not know. Guests do not outlive the daemon, so that
 * directories are all that can be left of a pod.
 */
export async function removeOrphanPods(
  dataDirectory: string,
  known: ReadonlySet<string>,
  logger: Logger,
): Promise<void> {
  const directory = dirname(podDirectory(dataDirectory, 'any'));
  for (const uid of await list(directory)) {
    if (known.has(uid)) continue;
    try {
      await rm(podDirectory(dataDirectory, uid), { recursive: true, force: true });
      logger.info({ uid }, 'removed what was left of a pod that is gone');
    } catch (error) {
      logger.warn({ uid, error }, 'the directory of a pod that is gone could not be removed');
    }
  }
}

async function list(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
