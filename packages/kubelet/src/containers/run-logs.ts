import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { logDirectory, logPath } from '../logs/log-paths.ts';

/** The log files of a container's runs. */
export interface RunLogs {
  path(attempt: number): string;
  /** Makes room for a run: its directory is there, and of earlier runs only the previous one is left. */
  prepare(attempt: number): Promise<void>;
}

export function runLogs(dataDirectory: string, uid: string, container: string): RunLogs {
  const directory = logDirectory(dataDirectory, uid, container);
  return {
    path: (attempt) => logPath(dataDirectory, uid, container, attempt),
    async prepare(attempt) {
      await mkdir(directory, { recursive: true, mode: 0o755 });
      if (attempt < 2) return;
      const stale = (await readdir(directory)).filter((file) => Number.parseInt(file, 10) < attempt - 1);
      await Promise.all(stale.map((file) => rm(join(directory, file), { force: true })));
    },
  };
}
