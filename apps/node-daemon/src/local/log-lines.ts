import { logPath, readLog } from '@wasmlet/kubelet';
import type { Standalone } from './standalone.ts';

export interface LogLine {
  readonly pod: string;
  readonly container: string;
  readonly text: string;
}

/** Disposing it ends the reading, wherever it is. */
export interface LogLines extends AsyncDisposable {
  /** Resolves when every run that has begun so far has ended and its lines were delivered. */
  delivered(): Promise<void>;
}

/** Calls `onLine` with every line that the containers of a standalone node write, from their first run on. */
export function followLogs(node: Standalone, onLine: (line: LogLine) => void): LogLines {
  const controller = new AbortController();
  const followed = new Set<string>();
  const reading = new Set<Promise<void>>();
  const follow = (): void => {
    for (const { pod, containers } of node.kubelet.pods()) {
      const { uid, name: podName } = pod.metadata;
      for (const { name: container, attempt, ended } of containers) {
        const run = `${uid}/${container}/${attempt}`;
        if (attempt === undefined || followed.has(run)) continue;
        followed.add(run);
        const done = readLines(
          logPath(node.dataDirectory, uid, container, attempt),
          ended === 'ended' ? Promise.resolve() : ended,
          (text) => onLine({ pod: podName, container, text }),
          controller.signal,
        ).finally(() => reading.delete(done));
        reading.add(done);
      }
    }
  };
  const unsubscribe = node.onChange(follow);
  follow();
  return {
    async delivered() {
      follow();
      await Promise.all(reading);
    },
    async [Symbol.asyncDispose]() {
      unsubscribe();
      controller.abort();
      await Promise.all(reading);
    },
  };
}

/** Ends quietly when aborted; a log that cannot be read becomes a line that says so. */
async function readLines(
  path: string,
  followUntil: Promise<void>,
  onText: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of readLog({ path, followUntil, signal })) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onText(line);
    }
    if (rest !== '') onText(rest);
  } catch (error) {
    if (!signal.aborted) onText(`(the log cannot be read: ${(error as Error).message})`);
  }
}
